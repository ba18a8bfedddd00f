#include "storage/block/block_codec.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/storage/block/same_record.h"
#include "tests/unit/storage/record_maker.h"

namespace cistern {
namespace {

using testing::AddRandomRecord;
using testing::AddRecord;
using testing::NumberFrom;

std::shared_ptr<const std::string> Encode(BlockEncoder& encoder, std::vector<RecordBatch*> batches) {
  return std::make_shared<const std::string>(encoder.Encode(batches));
}

std::unique_ptr<StoredBatch> MustOpen(std::shared_ptr<const std::string> blob) {
  auto view = OpenBlock(std::move(blob));
  EXPECT_TRUE(view.has_value());
  return std::move(*view);
}

void ExpectWhole(const Record& got, const Record& want) {
  ExpectSame(got, want);
  EXPECT_EQ(got.raw, want.raw);
}

TEST(BlockCodec, RandomRecordsComeBackOctetForOctet) {
  BlockEncoder encoder;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    std::mt19937_64 random(seed);
    RecordBatch batch;
    const std::size_t rows = seed < 20 ? 1 + seed : 1 + random() % 3000;
    for (std::size_t i = 0; i < rows; ++i) AddRandomRecord(batch, random);
    NumberFrom(batch, 1 + random() % (std::uint64_t{1} << 62));
    const auto blob = Encode(encoder, {&batch});
    ASSERT_TRUE(VerifyBlock(*blob)) << seed;
    const auto view = MustOpen(blob);
    ASSERT_EQ(view->size(), rows);
    for (std::size_t i = 0; i < rows; ++i) ExpectWhole(view->Row(i), batch.records()[i]);
    EXPECT_FALSE(view->damaged());
    ASSERT_FALSE(HasFailure()) << seed;
  }
}

TEST(BlockCodec, ColumnsAgreeWithTheViewOverMemory) {
  std::mt19937_64 random(7);
  RecordBatch batch;
  for (int i = 0; i < 700; ++i) AddRandomRecord(batch, random);
  NumberFrom(batch, 5);
  BlockEncoder encoder;
  const auto view = MustOpen(Encode(encoder, {&batch}));
  RecordsView memory(batch.records());
  for (const Column column :
       {Column::kId, Column::kReceived, Column::kTime, Column::kPort, Column::kTransport, Column::kFormat,
        Column::kFacility, Column::kSeverity, Column::kFlags}) {
    const auto got = view->Ints(column), want = memory.Ints(column);
    EXPECT_TRUE(std::equal(got.begin(), got.end(), want.begin(), want.end())) << static_cast<int>(column);
  }
  for (const Column column : {Column::kListener, Column::kTlsIdentity, Column::kHostname, Column::kAppName,
                              Column::kProcid, Column::kMsgid, Column::kStructuredData, Column::kMessage,
                              Column::kRaw, Column::kTags, Column::kPeer}) {
    const StringColumn got = view->Strings(column), want = memory.Strings(column);
    for (std::size_t i = 0; i < batch.size(); ++i)
      ASSERT_EQ(got[i], want[i]) << static_cast<int>(column) << " row " << i;
  }
  const auto peers = view->Peers();
  for (std::size_t i = 0; i < batch.size(); ++i)
    EXPECT_EQ(peers.values[peers.codes[i]], batch.records()[i].peer);
}

TEST(BlockCodec, SummaryHoldsTheBoundsOfAllBatches) {
  RecordBatch one, two;
  AddRecord(one, "a", 5'000'000'000);
  AddRecord(one, "b", 3'000'000'000).time = kNoTime;
  AddRecord(two, "c", 9'000'000'000).time = 1'000'000'000;
  NumberFrom(one, 10);
  NumberFrom(two, 12);
  BlockEncoder encoder;
  const auto view = MustOpen(Encode(encoder, {&one, &two}));
  EXPECT_EQ(view->size(), 3u);
  EXPECT_EQ(ToInt(view->first_id()), 10u);
  EXPECT_EQ(ToInt(view->last_id()), 12u);
  EXPECT_EQ(view->min_received(), 3'000'000'000);
  EXPECT_EQ(view->max_received(), 9'000'000'000);
  EXPECT_EQ(encoder.summary().min_time, 1'000'000'000);
  EXPECT_EQ(encoder.summary().max_time, 5'000'000'000);
}

TEST(BlockCodec, GapsInIdsAreKept) {
  RecordBatch batch;
  for (int i = 0; i < 4; ++i) AddRecord(batch, "m", i);
  std::uint64_t id = 1;
  for (Record& record : batch.records()) record.id = RecordId{id *= 1000};
  BlockEncoder encoder;
  const auto view = MustOpen(Encode(encoder, {&batch}));
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(view->Row(i).id, batch.records()[i].id);
}

TEST(BlockCodec, ExtremeTimesSurvive) {
  RecordBatch batch;
  for (const std::int64_t received : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, INT64_MAX})
    for (const std::int64_t time : {INT64_MIN, INT64_MIN + 1, std::int64_t{-1'000'000'000}, INT64_MAX})
      AddRecord(batch, "m", received).time = time;
  NumberFrom(batch, 1);
  BlockEncoder encoder;
  const auto view = MustOpen(Encode(encoder, {&batch}));
  for (std::size_t i = 0; i < batch.size(); ++i) ExpectWhole(view->Row(i), batch.records()[i]);
}

TEST(BlockCodec, RawIsKeptOnlyWhereTheShapeCannotRebuildIt) {
  RecordBatch batch;
  AddRecord(batch, "rebuilt", 1).raw = "rebuilt";
  Record& kept = AddRecord(batch, "kept", 1);
  kept.shape.code = kShapeRaw;
  kept.raw = "<13> odd  kept";
  Record& header = AddRecord(batch, "hello", 1);
  header.shape.code = kShapePriOnly;
  header.raw = "<13>hello";
  NumberFrom(batch, 1);
  BlockEncoder encoder;
  const auto view = MustOpen(Encode(encoder, {&batch}));
  EXPECT_EQ(view->Row(0).raw, "");
  EXPECT_EQ(view->Row(1).raw, "<13> odd  kept");
  EXPECT_EQ(view->Row(2).raw, "");
  const StringColumn raws = view->Strings(Column::kRaw);
  EXPECT_EQ(raws[0], "rebuilt");
  EXPECT_EQ(raws[1], "<13> odd  kept");
  EXPECT_EQ(raws[2], "<13>hello");
}

TEST(BlockCodec, OneRecordCostsOnlyTensOfOctets) {
  RecordBatch batch;
  AddRecord(batch, "Accepted publickey for root", 1'790'000'000'123'456'789);
  NumberFrom(batch, 4711);
  BlockEncoder encoder;
  const std::size_t text = std::string("web-1sshdtcpAccepted publickey for root").size();
  EXPECT_LT(encoder.Encode(std::vector<RecordBatch*>{&batch}).size(), text + 110);
}

TEST(BlockCodec, RepetitiveTextIsCompressed) {
  RecordBatch batch;
  for (int i = 0; i < 5000; ++i) AddRecord(batch, "Accepted publickey for root from 10.0.0.1", i * 1000);
  NumberFrom(batch, 1);
  BlockEncoder encoder;
  EXPECT_LT(encoder.Encode(std::vector<RecordBatch*>{&batch}).size(), 5000u * 2);
}

TEST(BlockCodec, SixteenMebibyteMessageSurvives) {
  const std::string big(16 << 20, 'x');
  RecordBatch batch;
  AddRecord(batch, big, 1);
  AddRecord(batch, "small", 1);
  NumberFrom(batch, 1);
  BlockEncoder encoder;
  const auto view = MustOpen(Encode(encoder, {&batch}));
  EXPECT_TRUE(view->Row(0).message == big);
  EXPECT_EQ(view->Row(1).message, "small");
}

TEST(BlockCodec, MostRowsABlobMayHoldComeBack) {
  RecordBatch batch;
  for (int i = 0; i < 65536; ++i)
    AddRecord(batch, std::to_string(i), i).procid = batch.arena().Copy(std::to_string(i));
  NumberFrom(batch, 1);
  BlockEncoder encoder;
  const auto view = MustOpen(Encode(encoder, {&batch}));
  EXPECT_EQ(view->Row(65535).message, "65535");
  EXPECT_EQ(view->Row(65535).procid, "65535");
}

TEST(BlockCodec, PlainBlobHoldsTheSameAndNothingIsCompressed) {
  std::mt19937_64 random(11);
  RecordBatch batch;
  for (int i = 0; i < 2000; ++i) AddRandomRecord(batch, random);
  NumberFrom(batch, 5);
  const std::span<const Record> parts[] = {batch.records()};
  BlockEncoder encoder;
  const auto plain = std::make_shared<const std::string>(encoder.Encode(parts, Packing::kPlain));
  EXPECT_EQ(encoder.summary().records, 2000u);
  ASSERT_TRUE(VerifyBlock(*plain));
  const auto view = MustOpen(plain);
  for (std::size_t i = 0; i < 2000; ++i) ExpectWhole(view->Row(i), batch.records()[i]);
  EXPECT_EQ(view->decoded_bytes(), 0u) << "what comes out of decompression";
  EXPECT_GT(plain->size(), Encode(encoder, {&batch})->size()) << "the next blob is compressed again";
}

TEST(BlockCodec, EncoderStartsAfreshWithEachBlob) {
  RecordBatch rich, plain;
  std::mt19937_64 random(3);
  for (int i = 0; i < 100; ++i) AddRandomRecord(rich, random);
  AddRecord(plain, "m", 1);
  NumberFrom(rich, 1);
  NumberFrom(plain, 1);
  BlockEncoder used, fresh;
  (void)Encode(used, {&rich});
  EXPECT_EQ(*Encode(used, {&plain}), *Encode(fresh, {&plain}));
}

}  // namespace
}  // namespace cistern
