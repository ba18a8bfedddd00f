// Framer cost per message: a stream of messages of 60 to 290 octets (174 on average), fed in reads of 64 KiB.
// `items_per_second` counts messages; time is for one pass over the whole stream of 1,000 messages.
#include <benchmark/benchmark.h>

#include <string>

#include "ingest/framing/frame_decoder.h"

namespace cistern {
namespace {

constexpr int kMessages = 1000;
constexpr std::size_t kRead = 64 * 1024;

enum class Form { kLine, kCrLf, kNul, kCounted };

std::string Stream(Form form) {
  std::string stream;
  for (int i = 0; i < kMessages; ++i) {
    const std::string message = "<13>" + std::string(static_cast<std::size_t>(56 + i * 37 % 230), 'a');
    if (form == Form::kCounted) stream += std::to_string(message.size()) + " ";
    stream += message;
    if (form == Form::kCrLf) stream += '\r';
    if (form == Form::kLine || form == Form::kCrLf) stream += '\n';
    if (form == Form::kNul) stream += '\0';
  }
  return stream;
}

void Decode(benchmark::State& state, Form form, std::size_t read) {
  const std::string stream = Stream(form);
  FrameDecoder decoder(FrameOptions{});
  std::size_t octets = 0;
  for (auto _ : state) {
    for (std::size_t at = 0; at < stream.size(); at += read) {
      decoder.Feed(std::string_view(stream).substr(at, read));
      while (const auto frame = decoder.Next()) octets += frame->octets.size();
    }
  }
  benchmark::DoNotOptimize(octets);
  state.SetItemsProcessed(state.iterations() * kMessages);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stream.size()));
}

BENCHMARK_CAPTURE(Decode, lines, Form::kLine, kRead);
BENCHMARK_CAPTURE(Decode, lines_crlf, Form::kCrLf, kRead);
BENCHMARK_CAPTURE(Decode, lines_nul, Form::kNul, kRead);
BENCHMARK_CAPTURE(Decode, counted, Form::kCounted, kRead);
BENCHMARK_CAPTURE(Decode, lines_in_small_reads, Form::kLine, std::size_t{100});

}  // namespace
}  // namespace cistern
