#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "ingest/message/tags.h"
#include "storage/words.h"
#include "tests/unit/storage/block/index_maker.h"
#include "tests/unit/storage/record_maker.h"

namespace cistern {
namespace {

using testing::MakeIndex;
using testing::OpenIndex;

constexpr std::int64_t kStart = 1'790'000'000'000'000'000;

std::vector<std::string> WordsOf(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    if (IsWordByte(c)) {
      word += FoldByte(c);
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

bool HasDigit(std::string_view word) { return word.find_first_of("0123456789") != std::string_view::npos; }

// Messages of the common kinds, and texts of any octets between them.
void AddMixedRecord(RecordBatch& batch, std::mt19937_64& random) {
  const auto number = [&](std::uint64_t below) { return std::to_string(random() % below); };
  const auto address = [&] {
    return number(3) + "." + number(256) + "." + number(256) + "." + number(70000);
  };
  std::string text;
  switch (random() % 7) {
    case 0:
      text = "Accepted publickey for User" + number(30) + " from " + address() + " port " + number(65536);
      break;
    case 1:
      text = "request 00" + number(90) + " Took " + number(1'000'000'000'000) + "us id=" + number(2) + "fA" +
             number(9);
      break;
    case 2:
      text = "user=" + std::string(random() % 2 == 0 ? "root" : "Alice") + " n=" + number(400) + " seq " +
             std::to_string(500'000 + batch.size());
      break;
    case 3:
      text = "route " + address() + "." + number(10) + ":" + number(99) + "/" + number(33) + " via v" +
             address();
      break;
    case 4:
      text =
          "Gr\xc3\xbc\xc3\x9f"
          "e " +
          number(50) + "\xff and caf\xc3\xa9" + number(5) + "_X nothing else";
      break;
    default:
      testing::AddRandomRecord(batch, random, random() % 50 == 0 ? 3000 : 60);
      return;
  }
  testing::AddRecord(batch, text, kStart + static_cast<std::int64_t>(batch.size()));
}

RecordBatch MixedRecords(std::size_t records, std::uint64_t seed) {
  RecordBatch batch;
  std::mt19937_64 random(seed);
  while (batch.size() < records) AddMixedRecord(batch, random);
  testing::NumberFrom(batch, 7);
  return batch;
}

std::vector<std::set<std::string>> StaticWords(BlockIndex& index) {
  std::vector<std::set<std::string>> all;
  for (const TextTemplate& text : index.Templates()) {
    std::set<std::string>& words = all.emplace_back();
    for (const std::string_view piece : text.pieces)
      for (const std::string& word : WordsOf(piece)) words.insert(word);
  }
  return all;
}

TEST(BlockIndex, EveryWordIsStaticInItsTemplateOrMayBeHeld) {
  for (const std::size_t records : {1, 50, 3000, 20000}) {
    RecordBatch batch = MixedRecords(records, records);
    std::vector<std::uint16_t> template_of_row;
    const SealedBlock block = MakeIndex(batch.records(), &template_of_row);
    const auto index = OpenIndex(block);
    ASSERT_NE(index, nullptr);
    const std::vector<std::set<std::string>> fixed = StaticWords(*index);
    for (std::size_t row = 0; row < records; ++row) {
      const std::set<std::string>& static_words = fixed.at(template_of_row[row]);
      for (const std::string& word : WordsOf(batch.records()[row].message)) {
        if (!HasDigit(word) && static_words.contains(word)) continue;
        ASSERT_TRUE(index->MayHoldWord(word)) << word;
      }
    }
  }
}

// Every four numbers joined by points, found by a plain walk over the words.
std::vector<std::string> AddressesOf(std::string_view text) {
  struct Number {
    std::size_t begin, end;
  };
  std::vector<std::string> addresses;
  std::vector<Number> run;
  for (std::size_t at = 0; at < text.size();) {
    if (!IsWordByte(text[at])) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    while (at < text.size() && IsWordByte(text[at])) ++at;
    const bool number =
        text.substr(begin, at - begin).find_first_not_of("0123456789") == std::string_view::npos;
    const bool joined = !run.empty() && begin == run.back().end + 1 && text[begin - 1] == '.';
    if (!number || !joined) run.clear();
    if (number) run.push_back({begin, at});
    if (run.size() >= 4) {
      const std::size_t first = run[run.size() - 4].begin;
      addresses.emplace_back(text.substr(first, at - first));
    }
  }
  return addresses;
}

TEST(BlockIndex, EveryAddressMayBeHeldAndFewOthers) {
  RecordBatch batch = MixedRecords(6000, 4);
  const SealedBlock block = MakeIndex(batch.records());
  const auto index = OpenIndex(block);
  std::size_t found = 0;
  for (const Record& record : batch.records()) {
    for (const std::string& address : AddressesOf(record.message)) {
      ++found;
      ASSERT_TRUE(index->MayHoldAddress(address)) << address << " in " << record.message;
    }
  }
  EXPECT_GT(found, 2000u);
  int wrong = 0;
  for (int i = 0; i < 10000; ++i) wrong += index->MayHoldAddress("77." + std::to_string(i) + ".1.1");
  EXPECT_LT(wrong, 60);
}

std::map<std::int64_t, std::uint32_t> AsMap(std::span<const CountedInt> values) {
  std::map<std::int64_t, std::uint32_t> map;
  for (const CountedInt& value : values) map[value.value] += value.rows;
  return map;
}

std::map<std::string, std::uint32_t> AsMap(std::span<const CountedString> values) {
  std::map<std::string, std::uint32_t> map;
  for (const CountedString& value : values) map[std::string(value.value)] += value.rows;
  return map;
}

TEST(BlockIndex, ValuesAreListedWithTheirCounts) {
  RecordBatch batch = MixedRecords(900, 5);
  for (Record& record : batch.records()) record.flags &= 0xf00;
  RecordsView view(batch.records());
  const SealedBlock block = MakeIndex(batch.records());
  const auto index = OpenIndex(block);
  EXPECT_EQ(index->records(), 900u);
  for (const Column column :
       {Column::kTransport, Column::kFormat, Column::kFacility, Column::kSeverity, Column::kFlags}) {
    std::map<std::int64_t, std::uint32_t> want;
    for (const std::int64_t value : view.Ints(column)) ++want[value];
    EXPECT_EQ(AsMap(index->IntValues(column)), want);
  }
  for (const Column column : {Column::kListener, Column::kTlsIdentity, Column::kHostname, Column::kAppName,
                              Column::kMsgid, Column::kPeer}) {
    std::map<std::string, std::uint32_t> want;
    for (std::size_t row = 0; row < view.size(); ++row) ++want[std::string(view.Strings(column)[row])];
    ASSERT_TRUE(index->StringValues(column).has_value());
    EXPECT_EQ(AsMap(*index->StringValues(column)), want);
  }
  EXPECT_FALSE(index->StringValues(Column::kMessage).has_value());
  EXPECT_TRUE(index->IntValues(Column::kPort).empty());
}

TEST(BlockIndex, RangesAreThoseOfTheRecords) {
  RecordBatch batch = MixedRecords(300, 6);
  RecordsView view(batch.records());
  const SealedBlock block = MakeIndex(batch.records());
  const auto index = OpenIndex(block);
  for (const Column column : {Column::kId, Column::kReceived, Column::kTime, Column::kPort}) {
    std::vector<std::int64_t> values;
    for (const std::int64_t value : view.Ints(column))
      if (column != Column::kTime || value != kNoTime) values.push_back(value);
    const auto range = index->IntRange(column);
    ASSERT_TRUE(range.has_value());
    EXPECT_EQ(range->min, *std::min_element(values.begin(), values.end()));
    EXPECT_EQ(range->max, *std::max_element(values.begin(), values.end()));
  }
  EXPECT_FALSE(index->IntRange(Column::kSeverity).has_value());
}

TEST(BlockIndex, RecordsWithoutTimeHaveNoRange) {
  RecordBatch batch;
  testing::AddRecord(batch, "x", kStart).time = kNoTime;
  testing::NumberFrom(batch, 1);
  const SealedBlock block = MakeIndex(batch.records());
  EXPECT_FALSE(OpenIndex(block)->IntRange(Column::kTime).has_value());
}

TEST(BlockIndex, TooManyValuesAreAskedOneByOne) {
  RecordBatch batch;
  for (int i = 0; i < 2000; ++i) {
    Record& record = testing::AddRecord(batch, "x", kStart + i);
    record.hostname = batch.arena().Copy("Host-" + std::to_string(i));
    record.procid = batch.arena().Copy("P" + std::to_string(i));
    record.flags = static_cast<std::uint32_t>(i);
  }
  batch.records()[0].msgid = batch.arena().Copy(std::string(40000, 'm'));  // one value, but a long one
  testing::NumberFrom(batch, 1);
  const SealedBlock block = MakeIndex(batch.records());
  const auto index = OpenIndex(block);
  EXPECT_FALSE(index->StringValues(Column::kHostname).has_value());
  EXPECT_FALSE(index->StringValues(Column::kMsgid).has_value());
  EXPECT_TRUE(index->IntValues(Column::kFlags).empty());
  EXPECT_TRUE(index->MayHoldValue(Column::kMsgid, std::string(40000, 'm')));
  EXPECT_TRUE(index->MayHoldValue(Column::kMsgid, ""));
  int wrong = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::string number = std::to_string(i);
    ASSERT_TRUE(index->MayHoldValue(Column::kHostname, "host-" + number));
    ASSERT_TRUE(index->MayHoldValue(Column::kProcid, "p" + number));
    wrong += index->MayHoldValue(Column::kHostname, "p" + number);
    wrong += index->MayHoldValue(Column::kProcid, "host-" + number);
  }
  EXPECT_LT(wrong, 40);
  EXPECT_TRUE(index->MayHoldValue(Column::kAppName, "nobody")) << "listed: that is to be asked";
}

TEST(BlockIndex, StructuredDataAndTagsAreAskedByWord) {
  RecordBatch batch;
  std::string tags;
  AppendTag(tags, "user", "Bob Q7");
  Record& record = testing::AddRecord(batch, "x", kStart);
  record.structured_data = R"([origin@32473 ip="192.0.2.1" note="a \"Quoted\" word"])";
  record.tags = tags;
  testing::NumberFrom(batch, 1);
  const SealedBlock block = MakeIndex(batch.records());
  const auto index = OpenIndex(block);
  for (const char* word : {"192", "0", "quoted", "note"})
    EXPECT_TRUE(index->MayHoldValue(Column::kStructuredData, word)) << word;
  for (const char* word : {"bob", "q7"}) EXPECT_TRUE(index->MayHoldValue(Column::kTags, word)) << word;
  int wrong = 0;
  for (int i = 300; i < 1300; ++i) {
    wrong += index->MayHoldValue(Column::kStructuredData, std::to_string(i));
    wrong += index->MayHoldValue(Column::kTags, std::to_string(i));
  }
  EXPECT_LT(wrong, 20);
}

TEST(BlockIndex, StampsCoverTheValues) {
  RecordBatch batch;
  for (int i = 0; i < 100; ++i)
    testing::AddRecord(batch, "job " + std::to_string(i) + " of Ab" + std::to_string(i % 7) + "_x",
                       kStart + i);
  testing::NumberFrom(batch, 1);
  const SealedBlock block = MakeIndex(batch.records());
  const auto index = OpenIndex(block);
  std::uint32_t rows = 0;
  for (const TextTemplate& text : index->Templates()) {
    rows += text.rows;
    ASSERT_EQ(text.pieces.size(), text.slots.size() + 1);
    if (text.rows < 90) continue;
    ASSERT_EQ(text.slots.size(), 2u);
    EXPECT_EQ(text.slots[0].classes, SlotStamp::kDigit);
    EXPECT_EQ(text.slots[0].min_length, 1u);
    EXPECT_EQ(text.slots[0].max_length, 2u);
    EXPECT_EQ(text.slots[1].classes, SlotStamp::kDigit | SlotStamp::kHex | SlotStamp::kLower |
                                         SlotStamp::kUpper | SlotStamp::kUnderscore);
    EXPECT_EQ(text.slots[1].min_length, 5u);
    ASSERT_EQ(text.slots[1].values.size(), 7u);
  }
  EXPECT_EQ(rows, 100u);
}

TEST(BlockIndex, StampsTellTheLongestWordAndListUpToSixteenValues) {
  RecordBatch batch;
  for (int i = 0; i < 340; ++i)
    testing::AddRecord(batch,
                       "from 192.0.2." + std::to_string(i % 256) + " by u" + std::to_string(i % 16) +
                           " or v" + std::to_string(i % 17),
                       kStart + i);
  testing::NumberFrom(batch, 1);
  const SealedBlock block = MakeIndex(batch.records());
  const auto index = OpenIndex(block);
  for (const TextTemplate& text : index->Templates()) {
    if (text.slots.size() != 3) continue;
    EXPECT_EQ(text.slots[0].max_length, 11u);
    EXPECT_EQ(text.slots[0].max_word, 3u);
    EXPECT_TRUE(text.slots[0].values.empty());
    EXPECT_EQ(text.slots[1].values.size(), 16u);
    EXPECT_TRUE(text.slots[2].values.empty());
  }
}

// The same content by rows and by values and codes.
TEST(BlockIndex, FormOfTheColumnsDoesNotMatter) {
  const std::vector<std::string_view> values = {"10.0.0.1", "x7", "10.0.0.1", "Root", "x7"};
  const std::vector<std::string_view> distinct = {"10.0.0.1", "x7", "Root"};
  const std::vector<std::uint32_t> codes = {0, 1, 0, 2, 1};
  const std::string_view pieces[] = {"from ", ""};
  SealedBlock blocks[2];
  const StringColumn forms[] = {{values, {}}, {distinct, codes}};
  IndexBuilder builder;
  for (int i = 0; i < 2; ++i) {
    builder.Begin({.records = 5, .first_id = RecordId{1}, .last_id = RecordId{5}});
    for (const Column column : {Column::kHostname, Column::kProcid, Column::kStructuredData})
      builder.AddStrings(column, forms[i]);
    builder.AddTemplate(Column::kMessage, pieces, 5, {&forms[i], 1});
    builder.Finish(blocks[i]);
  }
  EXPECT_EQ(blocks[0].index, blocks[1].index);
  EXPECT_EQ(blocks[0].chunks, blocks[1].chunks);
}

TEST(BlockIndex, ColumnsThatAreNotAddedAreEmpty) {
  const std::string_view pieces[] = {"hello"};
  SealedBlock block;
  IndexBuilder builder;
  builder.Begin({.records = 3, .first_id = RecordId{1}, .last_id = RecordId{3}});
  builder.AddTemplate(Column::kMessage, pieces, 3, {});
  builder.Finish(block);
  const auto index = OpenIndex(block);
  EXPECT_EQ(AsMap(*index->StringValues(Column::kHostname)), (std::map<std::string, std::uint32_t>{{"", 3}}));
  EXPECT_EQ(AsMap(index->IntValues(Column::kSeverity)), (std::map<std::int64_t, std::uint32_t>{{0, 3}}));
  EXPECT_EQ(index->IntRange(Column::kPort)->max, 0);
  EXPECT_TRUE(index->MayHoldValue(Column::kProcid, ""));
  EXPECT_FALSE(index->MayHoldValue(Column::kProcid, "1"));
  EXPECT_FALSE(index->MayHoldWord("hello")) << "static text is not in the filter";
  for (const std::string& chunk : block.chunks) EXPECT_EQ(chunk, "");
}

// Sequence numbers, each in its place among other numbers: one bit each.
TEST(BlockIndex, CloseIntegersTakeLittleRoomAndAreExact) {
  RecordBatch batch;
  for (int i = 0; i < 20000; ++i)
    testing::AddRecord(batch, "message " + std::to_string(7'000'000 + 2 * i), kStart + i);
  testing::NumberFrom(batch, 1);
  const SealedBlock block = MakeIndex(batch.records());
  std::size_t octets = 0;
  for (const std::string& chunk : block.chunks) octets += chunk.size();
  EXPECT_LT(octets, 7000u);
  const auto index = OpenIndex(block);
  int wrong = 0;
  for (int i = 0; i < 20000; ++i) {
    ASSERT_TRUE(index->MayHoldWord(std::to_string(7'000'000 + 2 * i)));
    wrong += index->MayHoldWord(std::to_string(7'000'001 + 2 * i));
  }
  EXPECT_LT(wrong, 20) << "only where a page at the edge became keys";
}

TEST(BlockIndex, ManyWordsWithoutDigitsMoveToTheChunks) {
  RecordBatch batch;
  std::mt19937_64 random(3);
  std::vector<std::string> names;
  for (int i = 0; i < 5000; ++i) {
    std::string& name = names.emplace_back();
    for (int k = 0; k < 9; ++k) name += static_cast<char>('a' + random() % 26);
    testing::AddRecord(batch, "user=" + name, kStart + i);
  }
  testing::NumberFrom(batch, 1);
  const SealedBlock block = MakeIndex(batch.records());
  EXPECT_LT(block.index.size(), 2000u);
  const auto index = OpenIndex(block);
  for (const std::string& name : names) ASSERT_TRUE(index->MayHoldWord(name));
  int wrong = 0;
  for (int i = 0; i < 5000; ++i)
    wrong += index->MayHoldWord("zz" + std::string(1, static_cast<char>('a' + i % 26)) +
                                names[static_cast<std::size_t>(i)]);
  EXPECT_LT(wrong, 40);
}

TEST(BlockIndex, FalsePositivesAreRare) {
  RecordBatch batch;
  std::mt19937_64 random(8);
  for (int i = 0; i < 10000; ++i)
    testing::AddRecord(batch, "id " + std::to_string(random()) + "x trace a" + std::to_string(random()),
                       kStart + i);
  testing::NumberFrom(batch, 1);
  const SealedBlock block = MakeIndex(batch.records());
  const auto index = OpenIndex(block);
  int wrong = 0;
  for (int i = 0; i < 50000; ++i) wrong += index->MayHoldWord("b" + std::to_string(random()));
  EXPECT_LT(wrong, 200);  // 65 expected
}

}  // namespace
}  // namespace cistern
