// Times as text, quickly where many fall into one second.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cistern {

class ClockText {
 public:
  // Appends `2026-11-21T09:00:00.123456Z` or `...+01:00`: `digits` (0-9) of the fraction, in the zone.
  void AppendIso(std::int64_t ns, int digits, int offset_minutes, std::string& out);
  // Appends `Nov 21 09:00:00`, UTC; the day padded with a space.
  void AppendBsd(std::int64_t ns, std::string& out);

 private:
  struct Kept {
    std::int64_t second = INT64_MIN;
    char text[24];
  };
  Kept iso_, bsd_;  // of the last second
};

}  // namespace cistern
