// Encoding and committing the mixed load: half RFC 5424, half RFC 3164, about 175 octets a message as
// received. Reported per record; `bytes` is the encoded size a record.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <random>
#include <string>

#include "storage/block/block_codec.h"
#include "storage/store.h"

namespace cistern {
namespace {

constexpr std::int64_t kStart = 1'795'176'000'000'000'000;
constexpr const char* kApps[] = {"sshd", "nginx", "kernel", "postfix/smtpd", "systemd", "CRON"};

std::string Text(std::mt19937_64& random) {
  const std::string user = "user" + std::to_string(random() % 500), port = std::to_string(random() % 65536),
                    address = "10." + std::to_string(random() % 256) + ".4." + std::to_string(random() % 256);
  switch (random() % 3) {
    case 0:
      return "Accepted publickey for " + user + " from " + address + " port " + port +
             " ssh2: RSA SHA256:" + std::to_string(random());
    case 1:
      return "GET /api/v1/items/" + std::to_string(random() % 100000) + " 200 " + port + " \"Mozilla/5.0\" " +
             address;
    default:
      return "connection from unknown[" + address + "]: request " + std::to_string(random() % 1000000) +
             " took " + std::to_string(random() % 900) + " ms, queue is empty and healthy";
  }
}

void Fill(RecordBatch& batch, std::size_t records) {
  std::mt19937_64 random(1);
  for (std::size_t i = 0; i < records; ++i) {
    Record& record = batch.records().emplace_back();
    const bool modern = random() % 2 == 0;
    record.id = RecordId{i + 1};
    record.received = kStart + static_cast<std::int64_t>(i / 100 * 150'000);
    record.time =
        (record.received - 300'000) / (modern ? 1'000 : 1'000'000'000) * (modern ? 1'000 : 1'000'000'000);
    record.peer = IpAddress::V4(0x0a000000 + static_cast<std::uint32_t>(random() % 8));
    record.port = static_cast<std::uint16_t>(40000 + random() % 8);
    record.transport = Transport::kTcp;
    record.format = modern ? Format::kRfc5424 : Format::kRfc3164;
    record.facility = static_cast<Facility>(random() % 24);
    record.severity = static_cast<Severity>(random() % 8);
    record.shape = modern ? Shape{2, 6, 0} : Shape{5, 0, 0};
    record.listener = "tcp";
    record.hostname = batch.arena().Copy("web-" + std::to_string(random() % 50) + ".example.net");
    record.app_name = batch.arena().Copy(kApps[random() % std::size(kApps)]);
    record.procid = batch.arena().Copy(std::to_string(random() % 4000));
    if (modern) record.structured_data = "[origin@32473 ip=\"192.0.2.1\"]";
    record.message = batch.arena().Copy(Text(random));
  }
}

void Encode(benchmark::State& state) {
  RecordBatch batch;
  Fill(batch, static_cast<std::size_t>(state.range(0)));
  RecordBatch* const batches[] = {&batch};
  BlockEncoder encoder;
  std::size_t bytes = 0;
  for (auto _ : state) bytes = encoder.Encode(batches).size();
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["bytes"] = static_cast<double>(bytes) / static_cast<double>(state.range(0));
}
BENCHMARK(Encode)->Arg(1)->Arg(100)->Arg(5'000)->Arg(30'000);

void DecodeMessages(benchmark::State& state) {
  RecordBatch batch;
  Fill(batch, static_cast<std::size_t>(state.range(0)));
  RecordBatch* const batches[] = {&batch};
  BlockEncoder encoder;
  const auto blob = std::make_shared<const std::string>(encoder.Encode(batches));
  for (auto _ : state) benchmark::DoNotOptimize((*OpenBlock(blob))->Strings(Column::kMessage));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(DecodeMessages)->Arg(5'000);

// One commit of so many records, with synchronous=FULL on the file system of the temporary folder.
void Commit(benchmark::State& state) {
  std::string dir = (std::filesystem::temp_directory_path() / "cistern-bench-XXXXXX").string();
  if (::mkdtemp(dir.data()) == nullptr) return state.SkipWithError("no temporary folder");
  {
    const auto store = Store::Open({.dir = dir, .free_space_reserve = 0});
    if (!store) return state.SkipWithError("the store does not open");
    RecordBatch batch;
    Fill(batch, static_cast<std::size_t>(state.range(0)));
    RecordBatch* const batches[] = {&batch};
    for (auto _ : state)
      if (!(*store)->Append(batches, {})) return state.SkipWithError("append failed");
  }
  std::filesystem::remove_all(dir);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Commit)->Arg(1)->Arg(5'000)->Arg(30'000);

}  // namespace
}  // namespace cistern
