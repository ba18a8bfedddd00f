// Bounds of the control plane.
#pragma once

#include <chrono>
#include <cstddef>

namespace cistern {

// A response message: at most about 1 MiB of records, unless one record alone is larger.
inline constexpr std::size_t kMaxResponseBytes = 1u << 20;
inline constexpr std::size_t kFirstResponseBytes = 64u << 10;  // so that the first answer comes soon
inline constexpr int kMaxQueries = 8;                          // queries and aggregates at once
inline constexpr int kMaxSqls = 4;                             // SQL statements, of which one runs
inline constexpr int kMaxTails = 256;
// What all tails together hold for clients that have not taken it yet. Beyond the first, messages have the
// least size; beyond the second, a batch is decoded again for the next message.
inline constexpr std::size_t kTailBudget = 16u << 20;
inline constexpr int kTailBatches = 16;
inline constexpr std::size_t kLeastTailMessage = 32u << 10;
inline constexpr int kMaxIngestStreams = 256;
inline constexpr std::size_t kMaxIngestRecords = 65536;  // in one request
inline constexpr std::size_t kMaxClientId = 128;
inline constexpr std::uint64_t kMaxTailHistory = 100'000;  // "the last N"
inline constexpr std::chrono::seconds kTailProgress{5};
// A query whose client takes nothing for so long is ended.
inline constexpr std::chrono::seconds kStuckQuery{60};

}  // namespace cistern
