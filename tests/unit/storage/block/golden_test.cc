// Blobs as earlier releases wrote them, in golden/: they open for ever. See golden/README.md.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "storage/block/sealed_block.h"
#include "tests/unit/storage/record_maker.h"

namespace cistern {
namespace {

using testing::AddRecord;

// Small numbers that are the same everywhere.
class Numbers {
 public:
  std::uint64_t Below(std::uint64_t limit) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % limit;
  }

 private:
  std::uint64_t state_ = 1;
};

std::string Hex(Numbers& numbers, int digits) {
  std::string text;
  for (int i = 0; i < digits; ++i) text.push_back("0123456789abcdef"[numbers.Below(16)]);
  return text;
}

std::string Message(Numbers& numbers, int sequence) {
  static const std::string kUsers[] = {"root", "alice", "www-data"};
  const std::string user = kUsers[numbers.Below(3)], small = std::to_string(numbers.Below(250)),
                    big = std::to_string(1'000'000'000 + numbers.Below(1'000'000'000)), hex = Hex(numbers, 8);
  switch (sequence % 7) {
    case 0:
      return "Accepted key for " + user + " from 10.0.3." + small + " port " + big + " id " + hex;
    case 1:
      return "took " + small + "ms n=" + std::to_string(sequence) + " user=" + user;
    case 2:
      return "at 10:0" + small.substr(0, 1) + ":0" + small.substr(0, 1) + " path=/" + hex + "/x" + small +
             " done";
    case 3:
      return "queue is empty";
    case 4:
      return sequence % 2 == 0 ? "" : std::string("odd\0\xff octets ", 13) + hex;
    case 5:
      return "code " + std::string(3 - small.size() % 3, '0') + small.substr(0, small.size() % 3) + " of 0x" +
             hex;
    default:
      return "unlike " + Hex(numbers, 3) + " any (" + Hex(numbers, 5) + ") other [" + Hex(numbers, 4);
  }
}

RecordBatch GoldenRecords() {
  RecordBatch batch;
  Numbers numbers;
  for (int i = 0; i < 300; ++i) {
    const std::string message = Message(numbers, i);
    Record& record = AddRecord(batch, message, 1'790'000'000'000'000'000 + std::int64_t{i} * 1'234'567);
    record.id = RecordId{1000 + static_cast<std::uint64_t>(i) * (i < 200 ? 1 : 3)};
    record.hostname = i % 5 == 0 ? "db-1" : "web-1";
    record.app_name = i % 7 == 0 ? "sshd" : "app";
    record.procid = batch.arena().Copy(i % 3 == 0 ? "" : std::to_string(100 + i));
    record.msgid = i % 2 == 0 ? "ID47" : "";
    record.facility = static_cast<Facility>(numbers.Below(24));
    record.severity = static_cast<Severity>(i % 7);
    record.time = i % 11 == 0 ? kNoTime : record.received / (i % 2 == 0 ? 1'000'000'000 : 1'000) * 1'000;
    record.format = i % 2 == 0 ? Format::kRfc5424 : Format::kRfc3164;
    record.structured_data = i % 2 == 0 ? batch.arena().Copy("[o@1 n=\"" + std::to_string(i) + "\"]") : "";
    record.tags = i % 50 == 0 ? std::string_view("\x01k\x01v", 4) : std::string_view();
    record.peer = i % 4 == 0 ? *IpAddress::Parse("2001:db8::1") : IpAddress::V4(0x0a000001);
    if (i % 40 != 0) continue;
    record.shape.code = kShapeRaw;
    record.raw = batch.arena().Copy("<13> " + message);
  }
  return batch;
}

std::string Path(const std::string& name) { return std::string(CISTERN_GOLDEN_DIR) + "/" + name; }

// `CISTERN_WRITE_GOLDEN=1 block_test --gtest_filter='Golden*'` writes those that are missing.
void WriteIfAsked(const std::string& name, std::string_view blob) {
  if (std::getenv("CISTERN_WRITE_GOLDEN") == nullptr || std::ifstream(Path(name)).good()) return;
  std::ofstream(Path(name), std::ios::binary) << blob;
}

void ExpectHoldsGoldenRecords(const std::string& name) {
  std::ifstream file(Path(name), std::ios::binary);
  ASSERT_TRUE(file.good()) << Path(name);
  const auto blob = std::make_shared<const std::string>(std::istreambuf_iterator<char>(file),
                                                        std::istreambuf_iterator<char>());
  EXPECT_TRUE(VerifyBlock(*blob));
  const auto view = OpenBlock(blob);
  ASSERT_TRUE(view.has_value());
  const RecordBatch want = GoldenRecords();
  ASSERT_EQ((*view)->size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    const Record got = (*view)->Row(i), &record = want.records()[i];
    EXPECT_EQ(got.id, record.id);
    EXPECT_EQ(got.received, record.received);
    EXPECT_EQ(got.time, record.time);
    EXPECT_EQ(got.peer, record.peer);
    EXPECT_EQ(got.port, record.port);
    EXPECT_EQ(got.transport, record.transport);
    EXPECT_EQ(got.format, record.format);
    EXPECT_EQ(got.facility, record.facility);
    EXPECT_EQ(got.severity, record.severity);
    EXPECT_EQ(got.shape, record.shape);
    EXPECT_EQ(got.listener, record.listener);
    EXPECT_EQ(got.hostname, record.hostname);
    EXPECT_EQ(got.app_name, record.app_name);
    EXPECT_EQ(got.procid, record.procid);
    EXPECT_EQ(got.msgid, record.msgid);
    EXPECT_EQ(got.structured_data, record.structured_data);
    EXPECT_EQ(got.message, record.message);
    EXPECT_EQ(got.raw, record.raw);
    EXPECT_EQ(got.tags, record.tags);
  }
  EXPECT_FALSE((*view)->damaged());
}

TEST(Golden, Version1Opens) {
  const RecordBatch batch = GoldenRecords();
  const std::span<const Record> parts[] = {batch.records()};
  WriteIfAsked("v1.blob", BlockEncoder().Encode(parts));
  ExpectHoldsGoldenRecords("v1.blob");
}

TEST(Golden, Version2Opens) {
  const RecordBatch batch = GoldenRecords();
  const std::span<const Record> parts[] = {batch.records()};
  WriteIfAsked("v2.blob", *BlockSealer().Seal(parts).data);
  ExpectHoldsGoldenRecords("v2.blob");
}

}  // namespace
}  // namespace cistern
