// Time zones for timestamps that carry none.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/ip_address.h"
#include "ingest/message/result.h"

namespace cistern {

// An IANA zone (`Europe/Berlin`), `UTC`, `local`, or a fixed offset (`+02:00`). Immutable; shared by threads.
class Zone {
 public:
  virtual ~Zone() = default;
  virtual const std::string& name() const = 0;
  // Offset east of UTC, in seconds, that a wall clock in this zone had when it showed the civil time
  // `local_seconds` (seconds since 1970-01-01 00:00 as if UTC). In a repeated hour the earlier instant
  // counts; in a skipped hour the offset before the change.
  virtual std::int32_t OffsetSeconds(std::int64_t local_seconds) const = 0;
};

// no_such_file_or_directory when the zone is not known on this machine.
Result<std::shared_ptr<const Zone>> LoadZone(std::string_view name);

// The zone for a sender: the longest matching network's, else the listener's, else the default.
class ZoneTable {
 public:
  struct Entry {
    IpNetwork network;
    std::shared_ptr<const Zone> zone;
  };
  ZoneTable() = default;
  ZoneTable(std::shared_ptr<const Zone> fallback, std::vector<Entry> senders);
  // Null means UTC. `listener_zone` may be null.
  const Zone* Find(const IpAddress& peer, const Zone* listener_zone) const;

 private:
  std::shared_ptr<const Zone> fallback_;
  std::vector<Entry> senders_;  // longest prefix first
};

}  // namespace cistern
