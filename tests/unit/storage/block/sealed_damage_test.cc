#include <gtest/gtest.h>

#include <algorithm>

#include "storage/block/header.h"
#include "storage/block/sealed_block.h"
#include "tests/unit/storage/block/log_records.h"

namespace cistern {
namespace {

std::string SomeBlock(std::size_t rows) {
  RecordBatch batch;
  std::mt19937_64 random(11);
  for (std::size_t i = 0; i < rows; ++i) testing::AddLogRecord(batch, random, i);
  testing::NumberFrom(batch, 1);
  const std::span<const Record> parts[] = {batch.records()};
  return *BlockSealer().Seal(parts).data;
}

// Counts what is read; from `gone` octets on nothing can be read any more.
class CountingSource final : public BlobSource {
 public:
  CountingSource(std::string blob, std::uint64_t& read, const bool& gone)
      : blob_(std::move(blob)), read_(read), gone_(gone) {}
  std::uint64_t size() const override { return blob_.size(); }
  std::optional<std::string_view> Read(std::uint64_t offset, std::size_t length) override {
    EXPECT_LE(offset + length, blob_.size());
    if (gone_) return std::nullopt;
    read_ += length;
    return std::string_view(blob_).substr(static_cast<std::size_t>(offset), length);
  }

 private:
  const std::string blob_;
  std::uint64_t& read_;
  const bool& gone_;
};

TEST(SealedDamage, EveryFlippedBitIsNoticed) {
  const std::string blob = SomeBlock(12);
  for (std::size_t bit = 0; bit < blob.size() * 8; ++bit) {
    std::string damaged = blob;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(CheckBlock(damaged)) << "bit " << bit;
  }
}

TEST(SealedDamage, EveryPrefixIsRefused) {
  const std::string blob = SomeBlock(60);
  for (std::size_t n = 0; n < blob.size(); ++n) EXPECT_FALSE(VerifyBlock(blob.substr(0, n))) << n;
  EXPECT_FALSE(VerifyBlock(blob + '\0'));
}

TEST(SealedDamage, OnlyWhatIsAskedForIsFetched) {
  const std::string blob = SomeBlock(20000);
  std::uint64_t read = 0;
  bool gone = false;
  const auto view = OpenBlock(std::make_unique<CountingSource>(blob, read, gone), nullptr);
  ASSERT_TRUE(view.has_value());
  (*view)->Strings(Column::kHostname);
  EXPECT_EQ((*view)->fetched_bytes(), read);
  EXPECT_LT(read, blob.size() / 2);
  const std::uint64_t decoded = (*view)->decoded_bytes();
  (*view)->Strings(Column::kMessage);
  EXPECT_GT(read, blob.size() / 2);
  EXPECT_GT((*view)->decoded_bytes(), decoded);
  (*view)->Check();
  EXPECT_EQ((*view)->fetched_bytes(), blob.size());
  EXPECT_FALSE((*view)->damaged());
}

TEST(SealedDamage, TemplateThatIsNotAskedForIsNotFetched) {
  RecordBatch batch;
  std::mt19937_64 random(2);
  const auto hex = [&] { return testing::Printed("%08x", static_cast<unsigned>(random())); };
  for (int i = 0; i < 40000; ++i)
    testing::AddRecord(batch, (i % 2 == 0 ? "alpha " : "beta ") + hex() + " " + hex() + " " + hex(), i);
  testing::NumberFrom(batch, 1);
  const std::span<const Record> parts[] = {batch.records()};
  std::uint64_t read = 0;
  bool gone = false;
  const auto view =
      OpenBlock(std::make_unique<CountingSource>(*BlockSealer().Seal(parts).data, read, gone), nullptr);
  ASSERT_TRUE(view.has_value());
  std::vector<std::uint8_t> selected(batch.size());
  selected[1] = 1;
  EXPECT_EQ((*view)->StringsOf(Column::kMessage, selected, 0, 10)[1], batch.records()[1].message);
  EXPECT_LT(read, (*view)->encoded_bytes() * 6 / 10);
}

TEST(SealedDamage, SourceThatGoesAwayReadsAsEmptyAndIsReported) {
  std::uint64_t read = 0;
  bool gone = false;
  const auto view = OpenBlock(std::make_unique<CountingSource>(SomeBlock(3000), read, gone), nullptr);
  ASSERT_TRUE(view.has_value());
  const std::string first((*view)->Strings(Column::kHostname)[0]);
  gone = true;
  EXPECT_FALSE((*view)->damaged());
  EXPECT_EQ((*view)->Strings(Column::kMessage)[0], "");
  EXPECT_TRUE((*view)->damaged());
  EXPECT_EQ((*view)->Strings(Column::kHostname)[0], first);
}

TEST(SealedDamage, DamagedFrameReadsAsEmptyAndIsReported) {
  std::string blob = SomeBlock(20000);
  const BlockHeader header = *ReadBlockHeader(blob);
  const ColumnEntry& frames = *header.Find(ColumnId::kMessageFrames);
  ASSERT_FALSE(frames.in_header);
  blob[static_cast<std::size_t>(frames.offset) + 5] ^= 1;
  const auto view = OpenBlock(std::make_shared<const std::string>(blob));
  ASSERT_TRUE(view.has_value());
  const StringColumn texts = (*view)->Strings(Column::kMessage);
  EXPECT_TRUE((*view)->damaged());
  EXPECT_TRUE(std::any_of(texts.values.begin(), texts.values.end(), [](auto text) { return text.empty(); }));
  EXPECT_EQ((*view)->Templates()->template_of().size(), 20000u);
  EXPECT_FALSE(CheckBlock(blob));
}

struct Part {
  ColumnId id;
  Codec codec;
  std::string payload;
  RowOrder order = RowOrder::kRow;
};

// Writes a blob of three rows whose checksums are right and whose columns claim what they like.
bool Verifies(const std::vector<Part>& parts) {
  BlockHeader header{.version = 2};
  header.summary = {.records = 3, .first_id = RecordId{1}, .last_id = RecordId{3}};
  for (const Part& part : parts)
    header.columns.push_back({.id = part.id,
                              .codec = part.codec,
                              .order = part.order,
                              .raw_length = part.payload.size(),
                              .stored = part.payload});
  ByteBuffer out;
  WriteBlock(header, out);
  return VerifyBlock(out.view()).has_value();
}

std::string Octets(std::initializer_list<int> octets) { return std::string(octets.begin(), octets.end()); }

// The template column says 0 for all rows; the directory has no frames.
bool DirectoryVerifies(std::initializer_list<int> directory) {
  return Verifies({{ColumnId::kMessage, Codec::kTemplates, Octets(directory)}});
}

TEST(SealedDamage, LyingDirectoriesAreRefused) {
  // frames, templates; rows, slots, pieces, slot descriptions
  EXPECT_TRUE(DirectoryVerifies({0, 1, 3, 0, 1, 'm'}));
  EXPECT_TRUE(DirectoryVerifies({0, 1, 3, 1, 1, 'm', 0, 0, 1, 'x'})) << "a constant slot";
  EXPECT_FALSE(DirectoryVerifies({0, 1, 3, 0, 1, 'm', 0})) << "left over";
  EXPECT_FALSE(DirectoryVerifies({0, 1, 3, 0, 2, 'm'})) << "piece past the end";
  EXPECT_FALSE(DirectoryVerifies({0, 1, 2, 0, 1, 'm'})) << "two of three rows";
  EXPECT_FALSE(DirectoryVerifies({0, 1, 4, 0, 1, 'm'})) << "four of three rows";
  EXPECT_FALSE(DirectoryVerifies({0, 0})) << "no template";
  EXPECT_FALSE(DirectoryVerifies({1, 1, 3, 0, 1, 'm'})) << "frame that is not there";
  EXPECT_FALSE(DirectoryVerifies({0, 1, 3, 1, 0, 0, 9})) << "unknown kind";
  EXPECT_FALSE(DirectoryVerifies({0, 1, 3, 1, 0, 0, 1, 1, 3, 3, 0})) << "strings without a frame";
  EXPECT_FALSE(DirectoryVerifies({0, 1, 3, 1, 0, 0, 2, 0})) << "empty dictionary";
  EXPECT_TRUE(DirectoryVerifies({0, 1, 3, 1, 0, 0, 3, 1, 0, 0, 0, 0, 8})) << "the number 4 everywhere";
  EXPECT_FALSE(DirectoryVerifies({0, 1, 3, 1, 0, 0, 3, 9, 0, 0, 0, 0, 8})) << "nine numbers";
  EXPECT_FALSE(DirectoryVerifies({0, 1, 3, 1, 0, 0, 3, 1, 19, 0, 0, 0, 8})) << "nineteen digits";
  EXPECT_FALSE(DirectoryVerifies({0, 1, 3, 1, 0, 0, 3, 1, 0, 0, 0, 3, 8})) << "unknown transform";
  EXPECT_FALSE(DirectoryVerifies({0, 1, 3, 1, 0, 0, 3, 1, 0, 0, 0, 16, 8, 57})) << "57 bits";
  EXPECT_FALSE(DirectoryVerifies({0, 1, 3, 1, 0, 0, 3, 1, 0, 0, 0, 32, 8, 3})) << "three octets";
  EXPECT_FALSE(DirectoryVerifies({0, 1, 3, 1, 0, 0, 4, 0, 1, 'a', 1, 1})) << "hex digit behind the end";
  EXPECT_FALSE(DirectoryVerifies({0, 1, 3, 1, 0, 0, 4, 0, 2, 'a', 'b', 2, 1, 0})) << "places descend";
}

TEST(SealedDamage, OrdersThatCannotBeAreRefused) {
  const Part shape{ColumnId::kShape, Codec::kIntDictionary, Octets({2, 2, 4, 0, 1, 0})};
  const Part format{ColumnId::kFormat, Codec::kFixed, Octets({0, 1, 1, 2, 3}), RowOrder::kShape};
  EXPECT_TRUE(Verifies({format, shape}));
  Part broken = format;
  broken.order = static_cast<RowOrder>(4);
  EXPECT_FALSE(Verifies({broken, shape}));
  Part circular = shape;
  circular.order = RowOrder::kShape;
  EXPECT_FALSE(Verifies({circular}));
  Part app{ColumnId::kAppName, Codec::kDictionary, Octets({2, 2, 1, 1, 'a', 'b', 0, 1, 0}),
           RowOrder::kOrigin};
  EXPECT_FALSE(Verifies({app}));
  EXPECT_FALSE(
      Verifies({{ColumnId::kMessage, Codec::kTemplates, Octets({0, 1, 3, 0, 1, 'm'}), RowOrder::kShape}}));
}

}  // namespace
}  // namespace cistern
