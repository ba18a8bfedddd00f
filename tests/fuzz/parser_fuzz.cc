// Parses any octets as a message and holds the record against what must be true of every record.
//
// Input: one octet that chooses the time of receipt and the zone, then the message.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/shape.h"
#include "ingest/message/structured_data.h"
#include "ingest/parse/parser.h"
#include "ingest/parse/payload/payload.h"

namespace cistern {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

class FixedZone : public Zone {
 public:
  explicit FixedZone(std::int32_t offset) : offset_(offset) {}
  const std::string& name() const override { return name_; }
  std::int32_t OffsetSeconds(std::int64_t) const override { return offset_; }

 private:
  std::string name_ = "fixed";
  std::int32_t offset_;
};

bool IsInside(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void RequireViewsOfInput(const Record& record, std::string_view input) {
  for (const std::string_view part : {record.raw, record.hostname, record.app_name, record.procid,
                                      record.msgid, record.structured_data, record.message}) {
    Require(IsInside(part, input));
  }
  Require(input.starts_with(record.raw));
  Require(input.find_first_not_of(std::string_view("\r\n\0", 3), record.raw.size()) == input.npos);
}

void RequireRebuild(const Record& record) {
  if (record.shape.code == kShapeRaw) return;
  Record stored = record;
  stored.raw = {};
  std::string rebuilt;
  RebuildRaw(stored, rebuilt);
  Require(rebuilt == record.raw);
}

// The hour, minute and second of a time stand in the message.
void RequireTimeIsWritten(const Record& record, std::int32_t zone_offset) {
  if (record.time == kNoTime) return;
  using namespace std::chrono;
  const std::int32_t offset =
      record.flags & kFlagZoneInferred ? zone_offset : record.shape.utc_offset_minutes * 60;
  const sys_time<nanoseconds> local{nanoseconds(record.time) + seconds(offset)};
  const hh_mm_ss<nanoseconds> clock(local - floor<days>(local));
  char text[32];
  std::snprintf(text, sizeof text, "%02d:%02d:%02d", static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  Require(record.format != Format::kRaw && record.raw.find(text) != record.raw.npos);
}

void ReadStructuredData(const Record& record) {
  StructuredDataReader reader(record.structured_data);
  bool any = false;
  std::string value;
  while (const auto item = reader.Next()) {
    any = true;
    Require(!item->id.empty() && IsInside(item->value, record.structured_data));
    if (!item->escaped) continue;  // also an unquoted value, in which a backslash is itself
    UnescapeSdValue(item->value, value);
    Require(value.size() < item->value.size());
  }
  Require(any == !record.structured_data.empty());
}

void RunOne(std::string_view input) {
  if (input.empty()) return;
  const auto choice = static_cast<std::uint8_t>(input[0]);
  const std::vector<char> exact(input.begin() + 1, input.end());
  const std::string_view message(exact.data(), exact.size());
  // Three months a step from 1970 on; offsets of up to 14 hours, some in odd seconds.
  const std::int64_t received = std::int64_t{choice} * 7'889'238 * 1'000'000'000;
  const FixedZone zone((choice % 29 - 14) * 3600 + (choice % 5 == 0 ? 754 : 0));
  Record record;
  ParseMessage(message, {.received = received, .zone = &zone}, record);
  Require(record.facility <= 23 && record.severity <= 7);
  Require((record.format == Format::kRaw) == (record.shape.code == kShapeMessageOnly));
  Require(record.format != Format::kRaw || record.message == record.raw);
  RequireViewsOfInput(record, message);
  RequireRebuild(record);
  RequireTimeIsWritten(record, zone.OffsetSeconds(0));
  ReadStructuredData(record);
  ExtractPayload(record);
}

}  // namespace
}  // namespace cistern

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cistern::RunOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
