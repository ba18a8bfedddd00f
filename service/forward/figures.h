// How a target does, for status and metrics. Counts begin at the start of the process.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "ingest/message/record.h"
#include "service/forward/sink.h"

namespace cistern {

inline constexpr std::size_t kFailureReasons = static_cast<std::size_t>(FailureReason::kStopped);

enum class TargetState { kIdle, kSending, kRetrying, kPaused, kBroken };

struct TargetFigures {
  TargetState state = TargetState::kIdle;
  RecordId position{};
  std::uint64_t sent_records = 0;
  std::uint64_t sent_bytes = 0;
  double rate = 0;                                      // records a second, over the last ten
  std::array<std::uint64_t, kFailureReasons> errors{};  // by FailureReason; kStopped is none
  std::string last_error;
  std::int64_t last_error_time = 0;  // ns since the Unix epoch; 0: none
  std::int64_t retry_time = 0;       // likewise; 0: no retry is due
  std::uint64_t dead_letters = 0;
  std::uint64_t letters_discarded = 0;
  std::uint64_t lost_to_retention = 0;
  std::uint64_t loops = 0;
  std::string endpoint;
};

}  // namespace cistern
