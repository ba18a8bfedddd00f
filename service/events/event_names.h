// What events are called in the store's catalog.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace cistern {

inline constexpr char kEventKind[] = "event";
inline constexpr char kEventRowKind[] = "event_row";  // records that wait to be written
inline constexpr char kEventRequestKind[] =
    "event_request";  // by request id; the body is the name of the event
inline constexpr char kEventNumbersKind[] = "event_numbers";  // one object
inline constexpr char kSilenceKind[] = "silence";
// The client that the rows are a sequence of, in the log. Ingest refuses this name.
inline constexpr char kEventClient[] = "cistern:events";

// Ascending as the numbers are.
inline std::string NameOf(std::uint64_t number) { return fmt::format("{:020}", number); }

// 0: it is none.
inline std::uint64_t NumberOf(std::string_view name) {
  std::uint64_t number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number;
}

}  // namespace cistern
