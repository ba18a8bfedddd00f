// Durable objects that a store keeps for the layers above: targets, dead letters, rules ... Bodies are octets
// to the store. They are part of backups.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ingest/message/record.h"

namespace cistern {

struct StoredObject {
  std::string name;  // unique within its kind
  std::string body;
  std::uint64_t revision = 0;  // grows with every change of any object; never used twice
  std::int64_t updated = 0;    // ns since the Unix epoch
};

// One object as it is to be from now on.
struct ObjectChange {
  std::string kind, name;
  std::optional<std::string> body;             // empty: delete it; that it is missing is no error
  std::optional<std::uint64_t> from_revision;  // it must have this one; 0: it must not exist. Empty: any
};

// What is written in one transaction, in this order.
struct StateChange {
  std::vector<std::string> deleted_cursors;
  std::vector<std::pair<std::string, RecordId>> cursors;
  std::vector<std::string> deleted_kinds;  // with all objects
  std::vector<ObjectChange> objects;
};

// What a reader has before it.
struct Backlog {
  std::uint64_t records = 0;         // stored behind the position
  std::uint64_t bytes = 0;           // their stored size, about
  std::int64_t oldest_received = 0;  // ns, of the first of them; 0: none
};

}  // namespace cistern
