// What every message of a load carries, so that the receiver's records can be checked one by one:
//
//   ... run=kqzvtmwa s=3 n=1024 c=9f3a
//
// run: eight letters that name the run; s: the sender (connection), from 0; n: its sequence, from 1; c: a
// checksum over host, app, procid and the message text before ` c=`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cistern::ctl {

inline constexpr std::size_t kRunIdSize = 8;

// A random name of lower-case letters.
std::string MakeRunId();

// The part of the checksum that a message's header contributes.
std::uint64_t HeaderSum(std::string_view hostname, std::string_view app_name, std::string_view procid);

// Appends the mark to `out`, in which the message text begins at `text_start`.
void AppendMark(std::string_view run, unsigned sender, std::uint64_t sequence, std::uint64_t header_sum,
                std::size_t text_start, std::string& out);

struct Mark {
  unsigned sender = 0;
  std::uint64_t sequence = 0;
  bool intact = false;  // the checksum fits
};

// Reads the mark at the end of a message text. Nullopt when there is none of that run.
std::optional<Mark> ReadMark(std::string_view text, std::string_view run, std::uint64_t header_sum);

}  // namespace cistern::ctl
