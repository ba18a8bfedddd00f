// Tables of parser cases: an input and its fields on one printed line.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

#include "ingest/parse/parser.h"

namespace cistern {

inline constexpr std::int64_t kSecond = 1'000'000'000;
// 2026-07-01T12:00:00Z.
inline constexpr std::int64_t kNow = 1'782'907'200 * kSecond;

struct ParseCase {
  const char* name;  // becomes the test name
  std::string_view input;
  std::string_view fields;  // as ToLogfmt prints them
};

inline void PrintTo(const ParseCase& c, std::ostream* out) { *out << c.name; }

inline std::string CaseName(const ::testing::TestParamInfo<ParseCase>& info) { return info.param.name; }

// Parses as received at kNow, zone UTC. Checks what holds for every message: raw is the input without its
// trailer, and a shape other than raw rebuilds it.
Record ParseChecked(std::string_view input, const ParseContext& context = {.received = kNow});

// `rfc5424 user.notice 2026-01-02T03:04:05.678Z host=h app=a procid=1 msgid=m id@1.name=value
// flags=lenient,bom msg=text`: absent fields are left out, except that clock_skew, year_inferred and
// zone_inferred are not shown; msg comes last, unquoted.
std::string ToLogfmt(const Record& record);

}  // namespace cistern
