// Who sends: one row for each (peer address, host name), the 65,536 most recently seen.
//
// Threads: Observe() by the writer thread, after the commit; List() by any. The bound is a defence: forged
// host names must not grow memory (an attacker fills the table, the oldest rows go).
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ingest/message/record_batch.h"

namespace cistern {

struct SenderInfo {
  IpAddress peer;
  std::string hostname;
  std::int64_t first_seen = 0, last_seen = 0;  // ns
  std::uint64_t messages = 0, octets = 0, parse_failures = 0;
  Transport transport = Transport::kUnknown;
  Format format = Format::kRaw;
  FrameKind frame_kind = FrameKind::kDatagram;
  std::string listener, tls_identity;
  std::optional<std::int64_t> clock_skew;  // message time - received time, ns
};

class SenderTable {
 public:
  static constexpr std::size_t kCapacity = 65536;
  static constexpr std::size_t kMaxHostname = 255;  // longer names share a row by their first 255 octets

  void Observe(const RecordBatch& batch);
  // Most recently seen first: at most `limit` rows from `offset` whose address or host name contains
  // `match` (any case). `total` receives the number of matching rows.
  std::vector<SenderInfo> List(std::size_t offset, std::size_t limit, std::string_view match,
                               std::size_t* total) const;
  std::size_t size() const;

 private:
  struct Key {
    IpAddress peer;
    std::string_view hostname;  // into the row
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  using Rows = std::list<SenderInfo>;  // most recently seen first

  SenderInfo& FindOrAddLocked(const Record& record);

  mutable std::mutex mutex_;
  Rows rows_;
  std::unordered_map<Key, Rows::iterator, KeyHash> index_;
};

}  // namespace cistern
