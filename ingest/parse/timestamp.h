// Timestamps as senders write them, and what they mean at the time of receipt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ingest/message/record.h"
#include "ingest/message/shape.h"
#include "ingest/parse/parser.h"

namespace cistern {

// A timestamp with valid fields, before year and zone are known.
struct Timestamp {
  std::size_t size = 0;  // octets of text
  int year = 0;          // 0-9999 when has_year
  unsigned month = 0;    // 1-12
  unsigned day = 0;      // 1-31, valid for the month
  std::int32_t second_of_day = 0;
  std::int32_t nanoseconds = 0;
  std::int16_t offset_minutes = 0;  // east of UTC, when has_zone
  std::uint8_t fraction_digits = 0;
  bool has_year = false;
  bool has_zone = false;
  bool beyond_rfc = false;      // RFC 5424: more than six fraction digits, or no zone
  ShapeCode shape = kShapeRaw;  // how to print it again; of the BSD shapes
  std::uint16_t form = 0;       // ShapeForm bits that go with it
};

enum class TimeScan {
  kNone,  // does not look like a timestamp
  kBad,   // looks like one, with values out of range
  kGood,
};

// RFC 5424 section 6.2.3 at the start of `text`, followed by a space or the end.
TimeScan ScanRfc5424Time(std::string_view text, Timestamp& stamp);

// What BSD senders write at the start of `text`: `Mmm dd hh:mm:ss` with optional fraction and year, `yyyy Mmm
// dd hh:mm:ss`, RFC 3339 with or without zone; followed by a space, a colon or the end, none of which is part
// of it.
TimeScan ScanBsdTime(std::string_view text, Timestamp& stamp);

// Sets record.time, the flags that speak of time, and shape's fraction digits and offset; clears shape.code
// when the time cannot be printed again. A time that 64 bits of nanoseconds cannot hold is a bad timestamp.
void ApplyTime(const Timestamp& stamp, const ParseContext& context, Record& record);

}  // namespace cistern
