// What waits to be mailed, by group.
//
// Threads: one. Memory: at most kMostGroups groups, about kMostShownBytes of records to show and kMostIdBytes
// of ids; who adds records looks at FullFor().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/record.h"

namespace cistern {

// A record as a mail shows it; long messages are cut.
struct ShownRecord {
  std::uint64_t id = 0;
  std::int64_t time = 0;  // as stated, else as received; ns
  Severity severity = 0;
  Facility facility = 0;
  std::string host, app, peer, message;
  std::string tags;  // encoded; empty when there are many
  std::size_t bytes() const {
    return sizeof(ShownRecord) + host.size() + app.size() + peer.size() + message.size() + tags.size();
  }
};
ShownRecord ToShown(const Record& record);

// One mail in the making.
struct MailGroup {
  std::vector<std::string> values;  // of the fields of group_by
  std::uint64_t count = 0;
  std::uint64_t first_id = 0, last_id = 0;
  std::int64_t first_received = 0, last_received = 0;  // ns
  std::int64_t due = 0;                                // wall clock, ns
  std::vector<ShownRecord> shown;                      // the first ones
  std::string ids;                                     // of all records, differences as varints

  void Add(const Record& record, bool show);
  std::vector<RecordId> Ids() const;
  std::size_t shown_bytes() const;
};

class MailGroups {
 public:
  static constexpr std::size_t kMostGroups = 10'000;
  static constexpr std::size_t kMostShownBytes = 32 << 20;
  static constexpr std::size_t kMostIdBytes = 32 << 20;

  explicit MailGroups(std::size_t show) : show_(show) {}

  // `key` names the group that `values` make. A group that is new is due at `due()`, and true is returned.
  bool Add(const std::string& key, std::vector<std::string> values, const Record& record,
           const std::function<std::int64_t()>& due);
  // A group must go before a record of `key` can be added.
  bool FullFor(const std::string& key) const {
    return id_bytes_ >= kMostIdBytes || (groups_.size() >= kMostGroups && !groups_.contains(key));
  }
  void Remove(const std::string& key);

  // The one that is due first.
  const std::pair<const std::string, MailGroup>* First() const;
  const std::map<std::string, MailGroup>& all() const { return groups_; }
  // The oldest record that waits; nothing: none does.
  std::optional<std::uint64_t> OldestId() const;

 private:
  const std::size_t show_;
  std::map<std::string, MailGroup> groups_;
  std::size_t shown_bytes_ = 0, id_bytes_ = 0;
};

}  // namespace cistern
