// Forwarding over TCP: stored records decoded, rendered and sent to a sink of another thread that throws them
// away. First argument: 0, as received; 1, RFC 5424 with the mark; 2, RFC 3164. Second: 0, a sealed block of
// 32,768 records; 1, tail rows of 1,000.
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <deque>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "cistern/v1/target.pb.h"
#include "ctl/sender/load_text.h"
#include "ingest/net/socket_util.h"
#include "ingest/parse/parser.h"
#include "service/forward/make_sink.h"
#include "service/forward/spec.h"
#include "storage/block/block_codec.h"
#include "storage/block/sealed_block.h"

namespace cistern {
namespace {

constexpr std::int64_t kStart = 1'795'176'000'000'000'000;
constexpr std::size_t kRecords = 32768, kTailRecords = 1000;

struct Load {
  Load() : lines(kRecords) {
    ctl::LoadText text("kqzvtmwa", 0, ctl::LoadFormat::kMixed, 0);
    for (std::size_t i = 0; i < kRecords; ++i) {
      const std::int64_t received = kStart + static_cast<std::int64_t>(i) * 1'500;
      text.Render(i + 1, received - 200'000, lines[i]);
      Record& record = records.emplace_back();
      ParseMessage(lines[i], {.received = received}, record);
      record.received = received;
      record.id = RecordId{i + 1};
      record.peer = IpAddress::V4(0x0a000001);
      if (record.shape.code != 0) record.raw = {};
    }
  }
  std::vector<std::string> lines;
  std::vector<Record> records;
};

class Drain {
 public:
  Drain() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(listener_.get(), 1);
    thread_ = std::thread([this] {
      const UniqueFd fd(accept(listener_.get(), nullptr, nullptr));
      while (recv(fd.get(), nullptr, 1 << 20, MSG_TRUNC) > 0) {
      }
    });
  }
  ~Drain() { thread_.join(); }
  std::string address() const { return "127.0.0.1:" + std::to_string(BoundPort(listener_.get())); }

 private:
  UniqueFd listener_;
  std::thread thread_;
};

using Blob = std::shared_ptr<const std::string>;

std::vector<Blob> Blobs(std::span<const Record> records, bool tails) {
  if (!tails) return {BlockSealer().Seal(std::span(&records, 1)).data};
  std::vector<Blob> blobs;
  BlockEncoder encoder;
  for (; !records.empty(); records = records.subspan(std::min(kTailRecords, records.size()))) {
    const auto part = records.first(std::min(kTailRecords, records.size()));
    blobs.push_back(std::make_shared<const std::string>(encoder.Encode(std::span(&part, 1))));
  }
  return blobs;
}

std::vector<std::unique_ptr<StoredBatch>> Open(const std::vector<Blob>& blobs) {
  std::vector<std::unique_ptr<StoredBatch>> batches;
  for (const auto& blob : blobs) batches.push_back(std::move(*OpenBlock(blob)));
  return batches;
}

void BM_Forward(benchmark::State& state) {
  const Load load;
  Drain drain;
  v1::Target target;
  target.set_name("bench");
  target.mutable_syslog()->add_addresses(drain.address());
  constexpr const char* kFormats[] = {"original", "rfc5424", "rfc3164"};
  target.mutable_syslog()->set_format(kFormats[state.range(0)]);
  target.mutable_syslog()->set_resend_window(0);  // the same ids come again and again
  PrepareTarget(target);
  auto sink = std::move(*MakeSyslogSink(target, {.store_id = "01hgw2bbg0000000000000000",
                                                 .observe = [](const StepReport&) {},
                                                 .is_own_address = [](auto&&...) { return false; }}));
  const auto blobs = Blobs(load.records, state.range(1) == 1);
  std::uint64_t records = 0;
  const Stop stop;
  for (auto _ : state) {
    state.PauseTiming();
    const auto batches = Open(blobs);
    state.ResumeTiming();
    for (const auto& batch : batches) {
      std::vector<std::uint32_t> rows(batch->size());
      std::iota(rows.begin(), rows.end(), 0u);
      for (std::size_t done = 0; done < rows.size();) {
        const auto rest = std::span<const std::uint32_t>(rows).subspan(done);
        done += sink->Deliver({*batch, rest.first(std::min<std::size_t>(4096, rest.size()))}, stop).taken;
      }
      records += rows.size();
    }
  }
  sink->Close(std::chrono::steady_clock::now() + std::chrono::seconds(10));
  state.SetItemsProcessed(static_cast<std::int64_t>(records));
  state.counters["per_record"] = benchmark::Counter(
      static_cast<double>(records), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_Forward)->ArgsProduct({{0, 1, 2}, {0, 1}});

}  // namespace
}  // namespace cistern
