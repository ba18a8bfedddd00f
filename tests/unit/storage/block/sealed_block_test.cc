#include "storage/block/sealed_block.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "storage/block/header.h"
#include "tests/unit/storage/block/log_records.h"
#include "tests/unit/storage/record_maker.h"

namespace cistern {
namespace {

using testing::AddLogRecord;
using testing::AddRandomRecord;
using testing::AddRecord;
using testing::NumberFrom;

SealedBlock Seal(const RecordBatch& batch) {
  BlockSealer sealer;
  const std::span<const Record> parts[] = {batch.records()};
  return sealer.Seal(parts);
}

std::unique_ptr<StoredBatch> MustOpen(std::shared_ptr<const std::string> blob) {
  auto view = OpenBlock(std::move(blob));
  EXPECT_TRUE(view.has_value());
  return std::move(*view);
}

constexpr Column kInts[] = {Column::kId,       Column::kReceived,  Column::kTime,
                            Column::kPort,     Column::kTransport, Column::kFormat,
                            Column::kFacility, Column::kSeverity,  Column::kFlags};
constexpr Column kStrings[] = {Column::kListener, Column::kTlsIdentity, Column::kHostname,
                               Column::kAppName,  Column::kProcid,      Column::kMsgid,
                               Column::kMessage,  Column::kTags,        Column::kStructuredData,
                               Column::kPeer,     Column::kRaw};

// Whatever a tail blob of the same records says, the block says too.
void ExpectLikeTail(const RecordBatch& batch) {
  const SealedBlock block = Seal(batch);
  ASSERT_TRUE(VerifyBlock(*block.data));
  BlockEncoder encoder;
  const std::span<const Record> parts[] = {batch.records()};
  const auto tail = MustOpen(std::make_shared<const std::string>(encoder.Encode(parts)));
  const auto view = MustOpen(block.data);
  ASSERT_EQ(view->size(), tail->size());
  EXPECT_EQ(view->first_id(), tail->first_id());
  EXPECT_EQ(view->last_id(), tail->last_id());
  EXPECT_EQ(view->min_received(), tail->min_received());
  EXPECT_EQ(view->max_received(), tail->max_received());
  for (const Column column : kInts) {
    const auto got = view->Ints(column), want = tail->Ints(column);
    ASSERT_TRUE(std::equal(got.begin(), got.end(), want.begin(), want.end())) << static_cast<int>(column);
  }
  for (const Column column : kStrings) {
    const StringColumn got = view->Strings(column), want = tail->Strings(column);
    for (std::size_t i = 0; i < batch.size(); ++i)
      ASSERT_EQ(got[i], want[i]) << static_cast<int>(column) << " row " << i;
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    EXPECT_EQ(view->Row(i).shape, tail->Row(i).shape);
    EXPECT_EQ(view->Row(i).raw, tail->Row(i).raw);
  }
  EXPECT_FALSE(view->damaged());
}

TEST(SealedBlock, RandomRecordsComeBackAsFromATailBlob) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    std::mt19937_64 random(seed);
    RecordBatch batch;
    const std::size_t rows = seed < 15 ? 1 + seed : 1 + random() % 1500;
    for (std::size_t i = 0; i < rows; ++i) AddRandomRecord(batch, random);
    NumberFrom(batch, 1 + random() % (std::uint64_t{1} << 62));
    ExpectLikeTail(batch);
    ASSERT_FALSE(HasFailure()) << seed;
  }
}

TEST(SealedBlock, LogLinesComeBackAsFromATailBlob) {
  for (const std::size_t rows : {1u, 3u, 40u, 700u, 9000u}) {
    std::mt19937_64 random(rows);
    RecordBatch batch;
    for (std::size_t i = 0; i < rows; ++i) AddLogRecord(batch, random, i);
    NumberFrom(batch, 77);
    ExpectLikeTail(batch);
    ASSERT_FALSE(HasFailure()) << rows;
  }
}

struct SlotCase {
  const char* name;
  std::vector<std::string> values;  // of one slot; each stands in four rows
};

class SlotValues : public ::testing::TestWithParam<SlotCase> {};

TEST_P(SlotValues, ComeBackOctetForOctet) {
  RecordBatch batch;
  for (int i = 0; i < 200; ++i)
    for (const std::string& value : GetParam().values) AddRecord(batch, "v=" + value + " end", i);
  NumberFrom(batch, 1);
  ExpectLikeTail(batch);
}

INSTANTIATE_TEST_SUITE_P(
    Values, SlotValues,
    ::testing::Values(
        SlotCase{"LeadingZeros", {"7", "007", "0", "00", "0000"}},
        SlotCase{"FixedWidth", {"007", "012", "999"}}, SlotCase{"Signs", {"-0", "+1", "-1", "0", "1-", "-"}},
        SlotCase{"Huge",
                 {"18446744073709551616", "9223372036854775807", "9223372036854775808", "999999999999999999",
                  "123456789012345678901234567890"}},
        SlotCase{"EighteenDigits", {"999999999999999999", "1", "100000000000000000"}},
        SlotCase{"Addresses", {"10.0.0.1", "255.255.255.255", "0.0.0.0"}},
        SlotCase{"OctalAddresses", {"010.0.0.1", "10.0.0.1", "10.00.0.1"}},
        SlotCase{"AddressesAndOthers", {"10.0.0.1", "10.0.0", "10.0.0.0.1", "fe80::1", "localhost"}},
        SlotCase{"LowerHex", {"deadbee1", "0123abcd", "00000000"}},
        SlotCase{"UpperHex", {"DEADBEE1", "0123ABCD", "00000000"}},
        SlotCase{"MixedHex", {"DEADBEE1", "0123abcd", "00000000"}},
        SlotCase{"OddHex", {"abc12", "12abc", "00fff"}},
        SlotCase{"Uuids", {"550e8400-e29b-41d4-a716-446655440000", "00000000-0000-4000-8000-00000000000a"}},
        SlotCase{"Units", {"5ms", "17ms", "0ms", "1s"}}, SlotCase{"UnitsOnly", {"5ms", "17ms", "0ms"}},
        SlotCase{"Decimals", {"1.5", "0.05", "1.50", "12"}},
        SlotCase{"Times",
                 {"2026-11-20T10:00:00.123Z", "2026-01-02T03:04:05.006Z", "1999-12-31T23:59:59.999Z"}},
        SlotCase{"ManyNumbers", {"1.2.3.4.5.6.7.8", "1.2.3.4.5.6.7.9", "1.2.3.4.5.6.7.8.9"}},
        SlotCase{"NotText", {std::string("\x00\x31", 2), "\xff\x31", "1\x80", "1"}},
        SlotCase{"Marks", {"<>", "0", "%d", "{0}", "\\1"}}, SlotCase{"Words", {"root", "alice", "v1"}}),
    [](const auto& info) { return info.param.name; });

TEST(SealedBlock, SlotAtEachEdgeOfTheTextComesBack) {
  RecordBatch batch;
  for (int i = 0; i < 300; ++i) {
    const std::string number = std::to_string(i * 7919);
    for (const std::string& text :
         {number, number + " x", "x " + number, number + " " + number, std::string()})
      AddRecord(batch, text, i);
  }
  NumberFrom(batch, 1);
  ExpectLikeTail(batch);
}

TEST(SealedBlock, LongMessagesComeBack) {
  std::mt19937_64 random(5);
  RecordBatch batch;
  for (int i = 0; i < 12; ++i) {
    std::string noise(65536, '\0');
    for (char& octet : noise) octet = static_cast<char>(random());
    AddRecord(batch, noise, i);
    AddRecord(batch, std::string(65536, i % 2 == 0 ? '1' : 'x'), i);
    AddRecord(batch, "short " + std::to_string(i), i);
  }
  NumberFrom(batch, 1);
  ExpectLikeTail(batch);
}

TEST(SealedBlock, ThousandsOfTemplatesComeBack) {
  RecordBatch batch;
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (int bits = i % 5000; bits != 0; bits /= 2) text += bits % 2 != 0 ? "a(" : "b)";
    AddRecord(batch, text + " " + std::to_string(i), i);
  }
  NumberFrom(batch, 1);
  ExpectLikeTail(batch);
}

TEST(SealedBlock, ProcessPerMessageComesBack) {
  RecordBatch batch;
  for (int i = 0; i < 3000; ++i)
    AddRecord(batch, "m", i).procid = i % 9 == 0 ? "" : batch.arena().Copy(std::to_string(i * 3));
  NumberFrom(batch, 1);
  ExpectLikeTail(batch);
}

TEST(SealedBlock, MostRowsABlockMayHoldComeBack) {
  RecordBatch batch;
  for (int i = 0; i < 65536; ++i) AddRecord(batch, "row " + std::to_string(i), i);
  NumberFrom(batch, 1);
  const auto view = MustOpen(Seal(batch).data);
  EXPECT_EQ(view->Row(65535).message, "row 65535");
  EXPECT_EQ(view->Strings(Column::kMessage)[12345], "row 12345");
}

TEST(SealedBlock, SelectedRowsAreRight) {
  std::mt19937_64 random(3);
  RecordBatch batch;
  for (std::size_t i = 0; i < 2000; ++i) AddLogRecord(batch, random, i);
  NumberFrom(batch, 1);
  const SealedBlock block = Seal(batch);
  RecordsView memory(batch.records());
  for (const Column column : {Column::kMessage, Column::kRaw, Column::kStructuredData, Column::kAppName}) {
    const auto view = MustOpen(block.data);
    const StringColumn want = memory.Strings(column);
    for (int round = 0; round < 3; ++round) {
      std::vector<std::uint8_t> selected(batch.size());
      for (std::uint8_t& one : selected) one = random() % 10 == 0;
      const StringColumn got = view->StringsOf(column, selected, 100, 1900);
      for (std::size_t i = 100; i < 1900; ++i)
        ASSERT_TRUE(!selected[i] || got[i] == want[i]) << static_cast<int>(column) << " row " << i;
    }
  }
}

TEST(SealedBlock, TemplatesDescribeEveryMessage) {
  std::mt19937_64 random(4);
  RecordBatch batch;
  for (std::size_t i = 0; i < 3000; ++i) AddLogRecord(batch, random, i);
  NumberFrom(batch, 1);
  const auto view = MustOpen(Seal(batch).data);
  TemplateColumn* texts = view->Templates();
  ASSERT_NE(texts, nullptr);
  EXPECT_GT(texts->templates(), 3u);
  for (std::size_t row = 0; row < batch.size(); ++row) {
    const std::size_t number = texts->template_of()[row], position = texts->position_of()[row];
    const std::span<const std::string_view> pieces = texts->Pieces(number);
    std::string text(pieces[0]);
    for (std::size_t slot = 0; slot + 1 < pieces.size(); ++slot)
      text.append(texts->Slot(number, slot)[position]).append(pieces[slot + 1]);
    ASSERT_EQ(text, batch.records()[row].message);
  }
}

TEST(SealedBlock, PiecesStandInTheIndexAsTheyAre) {
  for (const int forms : {10, 3000}) {  // few lie there as they are, many compressed
    RecordBatch batch;
    for (int i = 0; i < 20000; ++i) {
      std::string text;
      for (int bits = i % forms; bits != 0; bits /= 2) text += bits % 2 != 0 ? "a(" : "b)";
      AddRecord(batch, text + " " + std::to_string(i), i);
    }
    NumberFrom(batch, 1);
    const SealedBlock block = Seal(batch);
    const auto index = OpenBlockIndex(std::make_shared<const std::string>(block.index), {});
    ASSERT_TRUE(index);
    const std::optional<std::string_view> octets = (*index)->PieceOctets();
    ASSERT_TRUE(octets);
    EXPECT_EQ(octets->size() > 8 << 10, forms == 3000);
    std::size_t at = 0;
    for (const TextTemplate& text : (*index)->Templates()) {
      for (const std::string_view piece : text.pieces) {
        at = octets->find(piece, at);
        ASSERT_NE(at, std::string_view::npos) << piece;
      }
    }
  }
}

TEST(SealedBlock, IsAFractionOfATailBlob) {
  std::mt19937_64 random(6);
  RecordBatch batch;
  for (std::size_t i = 0; i < 20000; ++i) AddLogRecord(batch, random, i);
  NumberFrom(batch, 1);
  BlockEncoder encoder;
  const std::span<const Record> parts[] = {batch.records()};
  EXPECT_LT(Seal(batch).data->size() * 3, encoder.Encode(parts).size() * 2);
}

TEST(SealedBlock, SameRecordsGiveTheSameBlock) {
  std::mt19937_64 random(8);
  RecordBatch rich, plain;
  for (std::size_t i = 0; i < 500; ++i) AddRandomRecord(rich, random);
  for (std::size_t i = 0; i < 500; ++i) AddLogRecord(plain, random, i);
  NumberFrom(rich, 1);
  NumberFrom(plain, 1);
  BlockSealer used;
  const std::span<const Record> first[] = {rich.records()}, second[] = {plain.records()};
  (void)used.Seal(first);
  EXPECT_EQ(*used.Seal(second).data, *Seal(plain).data);
}

}  // namespace
}  // namespace cistern
