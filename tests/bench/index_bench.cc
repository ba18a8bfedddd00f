// The index of a sealed block: what it costs to build, to keep and to ask. Blocks of 32,768 records of two
// loads: 0, the mixed one of `cisternctl load`; 1, texts full of identifiers that never repeat.
#include <benchmark/benchmark.h>

#include <deque>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "ctl/sender/load_text.h"
#include "ingest/parse/parser.h"
#include "storage/block/dictionary.h"
#include "storage/block/index_builder.h"
#include "storage/block/template_text.h"
#include "storage/block/word_filter.h"

namespace cistern {
namespace {

constexpr std::int64_t kStart = 1'795'176'000'000'000'000;
constexpr std::size_t kRecords = 32768;

std::string Hex(std::mt19937_64& random, std::size_t digits) {
  std::string text;
  while (text.size() < digits) text += "0123456789abcdef"[random() % 16];
  return text;
}

std::string Identifiers(std::mt19937_64& random) {
  std::string text = "<134>Nov 20 12:00:00 api-1 gateway[" + std::to_string(random() % 100'000) + "]: trace=";
  text += Hex(random, 8) + "-" + Hex(random, 4) + "-" + Hex(random, 4) + "-" + Hex(random, 12);
  text += " span " + Hex(random, 16) + " client 10." + std::to_string(random() % 256) + "." +
          std::to_string(random() % 256) + "." + std::to_string(random() % 256) + " took " +
          std::to_string(random() % 10'000'000) + " us, session " + Hex(random, 10);
  return text;
}

constexpr Column kInts[] = {Column::kPort,     Column::kTransport, Column::kFormat,
                            Column::kFacility, Column::kSeverity,  Column::kFlags};
constexpr Column kStrings[] = {Column::kListener, Column::kTlsIdentity,   Column::kHostname,
                               Column::kAppName,  Column::kProcid,        Column::kMsgid,
                               Column::kPeer,     Column::kStructuredData};

// A slot as the sealer has it: by dictionary where values repeat.
struct CodedSlot {
  explicit CodedSlot(std::span<const std::string_view> values) : column{values, {}} {
    for (const std::string_view value : values) codes.push_back(dictionary.Add(value));
    if (dictionary.values().size() * 8 <= values.size()) column = {dictionary.values(), codes};
  }
  Dictionary dictionary;
  std::vector<std::uint32_t> codes;
  StringColumn column;
};

// A block's records, parsed as received, and what the sealer has at hand of them.
struct Block {
  explicit Block(int load) : lines(kRecords), dictionaries(std::size(kStrings)), codes(std::size(kStrings)) {
    std::mt19937_64 random(1);
    ctl::LoadText text("kqzvtmwa", 0, ctl::LoadFormat::kMixed, 0);
    for (std::size_t i = 0; i < kRecords; ++i) {
      const std::int64_t received = kStart + static_cast<std::int64_t>(i) * 1'500;
      if (load == 0) text.Render(i + 1, received - 200'000, lines[i]);
      if (load == 1) lines[i] = Identifiers(random);
      Record& record = records.emplace_back();
      ParseMessage(lines[i], {.received = received}, record);
      record.received = received;
      record.id = RecordId{i + 1};
      record.peer = IpAddress::V4(0x0a000001);
      messages.Add(record.message);
    }
    messages.Finish();
    for (const TemplateText::Template& text : messages.templates())
      for (const auto& values : text.slots) slots.emplace_back(values);
    view.emplace(records);
    for (std::size_t i = 0; i < std::size(kStrings); ++i) {
      for (std::size_t row = 0; row < kRecords; ++row)
        codes[i].push_back(dictionaries[i].Add(view->Strings(kStrings[i])[row]));
    }
  }

  void Index(IndexBuilder& builder, SealedBlock& sealed) {
    builder.Begin({.records = kRecords, .first_id = RecordId{1}, .last_id = RecordId{kRecords}});
    for (const Column column : kInts) builder.AddInts(column, view->Ints(column));
    for (std::size_t i = 0; i < std::size(kStrings); ++i)
      builder.AddStrings(kStrings[i], {dictionaries[i].values(), codes[i]});
    auto slot = slots.begin();
    for (const TemplateText::Template& text : messages.templates()) {
      columns.clear();
      for (std::size_t i = 0; i < text.slots.size(); ++i) columns.push_back((slot++)->column);
      builder.AddTemplate(Column::kMessage, text.pieces, text.rows, columns);
    }
    builder.Finish(sealed);
  }

  std::vector<std::string> lines;
  std::vector<Record> records;
  TemplateText messages;
  std::optional<RecordsView> view;
  std::vector<Dictionary> dictionaries;
  std::vector<std::vector<std::uint32_t>> codes;
  std::deque<CodedSlot> slots;
  std::vector<StringColumn> columns;
};

Block& BlockOf(int load) {
  static Block mixed(0), identifiers(1);
  return load == 0 ? mixed : identifiers;
}

// How often a word that is not there may be there all the same.
double FalsePositives(BlockIndex& index) {
  std::mt19937_64 random(2);
  constexpr int kProbes = 200'000;
  int maybe = 0;
  for (int i = 0; i < kProbes; ++i) maybe += index.MayHoldWord("x" + std::to_string(random()));
  return 100.0 * maybe / kProbes;
}

void Build(benchmark::State& state) {
  Block& block = BlockOf(static_cast<int>(state.range(0)));
  IndexBuilder builder;
  SealedBlock sealed;
  for (auto _ : state) block.Index(builder, sealed);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRecords));
  std::size_t chunks = 0;
  for (const std::string& chunk : sealed.chunks) chunks += chunk.size();
  state.counters["index_bytes"] = static_cast<double>(sealed.index.size());
  state.counters["index"] = static_cast<double>(sealed.index.size()) / kRecords;
  state.counters["chunks"] = static_cast<double>(chunks) / kRecords;
  const auto index = OpenBlockIndex(std::make_shared<const std::string>(sealed.index),
                                    [&](std::size_t chunk) { return std::optional(sealed.chunks[chunk]); });
  state.counters["templates"] = static_cast<double>((*index)->Templates().size());
  state.counters["false_percent"] = FalsePositives(**index);
}
BENCHMARK(Build)->Arg(0)->Arg(1);

// What ruling out one block costs: by a value and a range, without the templates.
void OpenAndAskValues(benchmark::State& state) {
  IndexBuilder builder;
  SealedBlock sealed;
  BlockOf(0).Index(builder, sealed);
  const auto octets = std::make_shared<const std::string>(sealed.index);
  for (auto _ : state) {
    const auto index = OpenBlockIndex(octets, [](std::size_t) { return std::nullopt; });
    benchmark::DoNotOptimize((*index)->IntRange(Column::kReceived));
    benchmark::DoNotOptimize((*index)->IntValues(Column::kSeverity));
    benchmark::DoNotOptimize((*index)->StringValues(Column::kHostname));
  }
}
BENCHMARK(OpenAndAskValues);

// The same by one word: its chunk is copied and checked.
void OpenAndAskWord(benchmark::State& state) {
  IndexBuilder builder;
  SealedBlock sealed;
  BlockOf(0).Index(builder, sealed);
  const auto octets = std::make_shared<const std::string>(sealed.index);
  for (auto _ : state) {
    const auto index =
        OpenBlockIndex(octets, [&](std::size_t chunk) { return std::optional(sealed.chunks[chunk]); });
    benchmark::DoNotOptimize((*index)->MayHoldWord("k9fisher42"));
  }
}
BENCHMARK(OpenAndAskWord);

void OpenAndDecodeTemplates(benchmark::State& state) {
  IndexBuilder builder;
  SealedBlock sealed;
  BlockOf(0).Index(builder, sealed);
  const auto octets = std::make_shared<const std::string>(sealed.index);
  for (auto _ : state) {
    const auto index = OpenBlockIndex(octets, [](std::size_t) { return std::nullopt; });
    benchmark::DoNotOptimize((*index)->Templates());
  }
}
BENCHMARK(OpenAndDecodeTemplates);

// The measurement from which kBitsPerWord was chosen: bits a word, and how many of a thousand absent words
// look present.
void BitsPerWord(benchmark::State& state) {
  constexpr std::size_t kKeys = 4000;
  std::mt19937_64 random(3);
  std::vector<WordKey> keys(kKeys);
  for (WordKey& key : keys) key = random() >> 4;
  std::string bloom;
  for (auto _ : state) {
    bloom.assign(BloomOctets(kKeys, static_cast<std::size_t>(state.range(0))), '\0');
    BloomAdd(bloom, keys);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kKeys));
  int maybe = 0;
  for (int i = 0; i < 1'000'000; ++i) maybe += BloomMayHold(bloom, random() >> 4);
  state.counters["false_percent"] = maybe / 10'000.0;
}
BENCHMARK(BitsPerWord)->Arg(8)->Arg(10)->Arg(12)->Arg(16)->Arg(20);

}  // namespace
}  // namespace cistern
