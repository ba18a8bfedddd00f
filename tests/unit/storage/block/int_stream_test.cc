#include "storage/block/int_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "storage/block/bit_packing.h"
#include "storage/block/stored_ints.h"

namespace cistern {
namespace {

class Memory final : public FrameSource {
 public:
  explicit Memory(std::string_view octets) : octets_(octets) {}
  std::uint64_t size() const override { return octets_.size(); }
  std::optional<std::string_view> Read(std::uint64_t offset, std::size_t length) override {
    return octets_.substr(static_cast<std::size_t>(offset), length);
  }

 private:
  const std::string_view octets_;
};

TEST(BitPacking, EveryWidthComesBack) {
  std::mt19937_64 random(1);
  for (unsigned bits = 0; bits <= 64; ++bits) {
    for (const std::size_t count : {1u, 2u, 7u, 8u, 9u, 100u}) {
      const std::uint64_t max = bits == 0 ? 0 : ~std::uint64_t{0} >> (64 - bits);
      std::vector<std::int64_t> values, back(count);
      for (std::size_t i = 0; i < count; ++i)
        values.push_back(WrapAdd(-5, static_cast<std::int64_t>(random() & max)));
      const unsigned width = PackedBits(max);
      ByteBuffer out;
      Pack(values, -5, width, out);
      EXPECT_EQ(out.size(), PackedOctets(count, width));
      const std::string exact(out.view());  // the sanitizer sees reads beyond it
      Unpack(exact, -5, width, back);
      EXPECT_EQ(back, values) << bits;
      for (std::size_t i = 0; i < count; ++i)
        EXPECT_EQ(UnpackOne(exact, width, i), static_cast<std::uint64_t>(WrapSub(values[i], -5))) << bits;
    }
  }
}

TEST(BitPacking, CodesOfEveryWidthComeBack) {
  std::mt19937_64 random(2);
  for (unsigned bits = 0; bits <= 16; ++bits) {
    for (const std::size_t count : {1u, 7u, 8u, 9u, 32u, 700u}) {
      std::vector<std::uint32_t> values(count);
      for (std::uint32_t& value : values) value = static_cast<std::uint32_t>(random() % (1u << bits));
      ByteBuffer out;
      Pack(values, bits, out);
      const std::string exact(out.view());
      std::vector<std::uint16_t> back(count);
      UnpackCodes(exact, bits, std::span(back));
      EXPECT_TRUE(std::equal(back.begin(), back.end(), values.begin(), values.end())) << bits << " " << count;
    }
  }
}

struct StreamCase {
  const char* name;
  std::function<std::int64_t(std::mt19937_64&, std::size_t row)> value;
  double max_octets;  // a value
};

class IntStreams : public ::testing::TestWithParam<StreamCase> {};

TEST_P(IntStreams, ComeBackAndTakeLittle) {
  std::mt19937_64 random(3);
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 0; rows.size() < 3000; row += 1 + static_cast<std::uint32_t>(random() % 30))
    rows.push_back(row);
  for (const std::size_t count : {1u, 2u, 63u, 3000u}) {
    std::vector<std::int64_t> values, back;
    for (std::size_t i = 0; i < count; ++i) values.push_back(GetParam().value(random, rows[i]));
    Compressor compressor;
    FrameWriter frames;
    ByteBuffer description, directory;
    IntStreamWriter().Write(values, rows, description, frames, compressor);
    frames.Finish(compressor, directory);
    Memory memory(frames.frames());
    FrameReader reader(memory);
    ByteReader table(directory.view()), in(description.view());
    IntStream stream;
    ASSERT_TRUE(reader.Open(table));
    ASSERT_TRUE(ReadIntStream(in, static_cast<std::uint32_t>(count), reader, stream));
    ASSERT_TRUE(DecodeIntStream(stream, reader, rows, back));
    EXPECT_EQ(back, values);
    for (std::size_t i = 0; i < count; i += 1 + count / 20) {
      std::int64_t one = 0;
      ASSERT_TRUE(ReadOneInt(stream, reader, i, rows[i], one));
      EXPECT_EQ(one, values[i]) << i;
    }
    EXPECT_TRUE(count != 3000 || static_cast<double>(frames.frames().size()) <= GetParam().max_octets * 3000);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Values, IntStreams,
    ::testing::Values(
        StreamCase{"Constant", [](auto&, auto) { return 7; }, 0},
        StreamCase{"CountsRows", [](auto&, auto row) { return 100 + static_cast<std::int64_t>(row); }, 0},
        StreamCase{"Grows", [](auto&, auto row) { return static_cast<std::int64_t>(row * 1000); }, 2.1},
        StreamCase{"TenBits", [](auto& random, auto) { return static_cast<std::int64_t>(random() % 1000); },
                   1.26},
        StreamCase{"Skewed",
                   [](auto& random, auto) {
                     return random() % 50 == 0 ? static_cast<std::int64_t>(random() % 1000000) : 200;
                   },
                   0.6},
        StreamCase{"AnyValue", [](auto& random, auto) { return static_cast<std::int64_t>(random()); }, 8.01},
        StreamCase{"Extremes", [](auto& random, auto) { return random() % 2 == 0 ? INT64_MIN : INT64_MAX; },
                   1}),
    [](const auto& info) { return info.param.name; });

TEST(StoredInts, DeltasOfAnyLengthAreReadInAnyOrder) {
  std::mt19937_64 random(7);
  std::vector<std::int64_t> values;
  ByteBuffer payload;
  for (std::size_t i = 0; i < 3000; ++i) {
    const std::uint64_t delta = i % 1000 < 400 ? i % 2 : random() >> random() % 64;
    const std::int64_t before = values.empty() ? 0 : values.back();
    values.push_back(WrapAdd(before, static_cast<std::int64_t>(delta)));
    payload.PutSigned(static_cast<std::int64_t>(delta));
  }
  StoredInts forward, backward, anywhere, cut;
  ASSERT_TRUE(forward.Open(Codec::kDelta, payload.view(), values.size()));
  ASSERT_TRUE(backward.Open(Codec::kDelta, payload.view(), values.size()));
  ASSERT_TRUE(anywhere.Open(Codec::kDelta, payload.view(), values.size()));
  ASSERT_TRUE(cut.Open(Codec::kDelta, payload.view().substr(0, payload.size() - 1), values.size()));
  const auto is_right = [&](StoredInts& stored, std::size_t i) {
    std::int64_t value = 0;
    return stored.Get(i, value) && value == values[i];
  };
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_TRUE(is_right(forward, i)) << i;
    EXPECT_TRUE(is_right(backward, values.size() - 1 - i)) << values.size() - 1 - i;
    const std::size_t any = random() % values.size();
    EXPECT_TRUE(is_right(anywhere, any)) << any;
    EXPECT_EQ(is_right(cut, i), i + 1 < values.size()) << i;
  }
}

}  // namespace
}  // namespace cistern
