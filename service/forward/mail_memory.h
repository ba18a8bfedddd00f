// What a mail target knows of groups beyond its position, so that a restart mails nothing twice and keeps the
// times of its digests. Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "service/forward/mail_group.h"

namespace cistern {

class MailMemory {
 public:
  static constexpr std::size_t kMostGroups = 10'000;  // beyond it the least recent are forgotten

  // `state` is what Save() returned; of another epoch, or damaged, it says nothing.
  MailMemory(const std::string& state, std::uint64_t epoch);
  // With what waits in `groups`; empty when there is nothing to know.
  std::string Save(const MailGroups& groups) const;

  // Whether the record was mailed.
  bool Mailed(const std::string& key, std::uint64_t id) const;
  // When the mail of a group that is being read again was due; 0: it was not.
  std::int64_t Due(const std::string& key) const;
  bool empty() const { return groups_.empty(); }

  void NoteMailed(const std::string& key, std::uint64_t through);
  // Nothing before `oldest` will be read again.
  void Forget(std::uint64_t oldest);

 private:
  struct Remembered {
    std::uint64_t mailed_through = 0;
    std::int64_t due = 0;
  };

  const std::uint64_t epoch_;
  std::map<std::string, Remembered> groups_;
};

}  // namespace cistern
