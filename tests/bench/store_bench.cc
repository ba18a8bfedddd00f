// Encoding, sealing, decoding and committing the mixed load: half RFC 5424, half RFC 3164, about 174 octets a
// message as received. Reported per record; `bytes` is the encoded size a record.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <string>

#include "ctl/sender/load_text.h"
#include "ingest/parse/parser.h"
#include "storage/block/sealed_block.h"
#include "storage/block/template_text.h"
#include "storage/store.h"

namespace cistern {
namespace {

constexpr std::int64_t kStart = 1'795'176'000'000'000'000;

void Fill(RecordBatch& batch, std::size_t records) {
  ctl::LoadText load("benchrun", 0, ctl::LoadFormat::kMixed, 0);
  std::string text;
  for (std::size_t i = 0; i < records; ++i) {
    const std::int64_t sent = kStart + static_cast<std::int64_t>(i) * 1'500;
    load.Render(i + 1, sent, text);
    Record& record = batch.records().emplace_back();
    record.received = kStart + static_cast<std::int64_t>(i / 100 + 1) * 150'000 + 300'000;
    record.peer = IpAddress::V4(0x7f000001);
    record.port = 40000;
    record.transport = Transport::kTcp;
    record.listener = "tcp";
    ParseMessage(batch.arena().Copy(text), {.received = record.received}, record);
    record.id = RecordId{i + 1};
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

constexpr std::size_t kBlockRows = 32'768;

void Seal(benchmark::State& state) {
  RecordBatch batch;
  Fill(batch, kBlockRows);
  const std::span<const Record> parts[] = {batch.records()};
  BlockSealer sealer;
  SealedBlock block;
  for (auto _ : state) block = sealer.Seal(parts);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBlockRows));
  std::size_t chunks = 0;
  for (const std::string& chunk : block.chunks) chunks += chunk.size();
  state.counters["bytes"] = static_cast<double>(block.data->size()) / kBlockRows;
  state.counters["index"] = static_cast<double>(block.index.size()) / kBlockRows;
  state.counters["chunks"] = static_cast<double>(chunks) / kBlockRows;
}
BENCHMARK(Seal);

void TakeApart(benchmark::State& state) {
  RecordBatch batch;
  Fill(batch, kBlockRows);
  TemplateText texts;
  for (auto _ : state) {
    texts.Clear();
    for (const Record& record : batch.records()) texts.Add(record.message);
    texts.Finish();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBlockRows));
}
BENCHMARK(TakeApart);

// `read` decodes what is measured of a freshly opened block.
template <class Read>
void ReadSealed(benchmark::State& state, Read read) {
  RecordBatch batch;
  Fill(batch, kBlockRows);
  const std::span<const Record> parts[] = {batch.records()};
  const auto data = BlockSealer().Seal(parts).data;
  for (auto _ : state) read(**OpenBlock(data));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBlockRows));
}

void SealedTexts(benchmark::State& state) {
  ReadSealed(state, [](StoredBatch& block) { benchmark::DoNotOptimize(block.Strings(Column::kMessage)); });
}
BENCHMARK(SealedTexts);

// All but messages, structured data and raw texts.
void SealedColumns(benchmark::State& state) {
  ReadSealed(state, [](StoredBatch& block) {
    for (auto column = Column::kId; column <= Column::kFlags;
         column = static_cast<Column>(static_cast<int>(column) + 1))
      benchmark::DoNotOptimize(block.Ints(column));
    for (const Column column : {Column::kListener, Column::kTlsIdentity, Column::kHostname, Column::kAppName,
                                Column::kProcid, Column::kMsgid, Column::kTags, Column::kPeer})
      benchmark::DoNotOptimize(block.Strings(column));
  });
}
BENCHMARK(SealedColumns);

// A hundred messages from the end, as the newest of a query.
void SealedNewest(benchmark::State& state) {
  ReadSealed(state, [](StoredBatch& block) {
    for (std::size_t row = block.size() - 100; row < block.size(); ++row)
      benchmark::DoNotOptimize(block.Row(row));
  });
}
BENCHMARK(SealedNewest)->Unit(benchmark::kMicrosecond);

std::uint64_t FolderBytes(const std::string& dir) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir))
    if (entry.is_regular_file()) bytes += entry.file_size();
  return bytes;
}

// Commits of so many records with synchronous=FULL on the file system of the temporary folder, cut into
// blocks of about so many; the CPU is that of all threads, `disk` is octets a record after an orderly stop.
void Commit(benchmark::State& state) {
  std::string dir = (std::filesystem::temp_directory_path() / "cistern-bench-XXXXXX").string();
  if (::mkdtemp(dir.data()) == nullptr) return state.SkipWithError("no temporary folder");
  {
    const auto store = Store::Open(
        {.dir = dir, .free_space_reserve = 0, .block_records = static_cast<std::uint32_t>(state.range(1))});
    if (!store) return state.SkipWithError("the store does not open");
    RecordBatch batch;
    Fill(batch, static_cast<std::size_t>(state.range(0)));
    RecordBatch* const batches[] = {&batch};
    for (auto _ : state)
      if (!(*store)->Append(batches, {})) return state.SkipWithError("append failed");
  }
  const std::int64_t records = state.iterations() * state.range(0);
  state.counters["disk"] = static_cast<double>(FolderBytes(dir)) / static_cast<double>(records);
  std::filesystem::remove_all(dir);
  state.SetItemsProcessed(records);
}
BENCHMARK(Commit)
    ->Args({1, 32768})
    ->Args({5'000, 32768})
    ->Args({65'536, 16384})
    ->Args({65'536, 32768})
    ->Args({65'536, 65536})
    ->MeasureProcessCPUTime();

}  // namespace
}  // namespace cistern
