// Who is on the other side of each connection that the door let in, for the calls that come from it.
//
// A call carries its connection's mark as a metadata field whose name is random and known to this process
// alone, so no client can write one. Threads: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ingest/message/ip_address.h"

namespace cistern {

struct Visitor {
  IpAddress address;
  std::uint16_t port = 0;
  bool tls = false;
  std::vector<std::string> names;  // of a verified certificate: `dns:NAME`, `ip:ADDRESS`, ...
};
using VisitorPtr = std::shared_ptr<const Visitor>;

class Visitors {
 public:
  Visitors();

  std::string Add(Visitor visitor);  // the mark's value, random as well
  // The connection is over. gRPC may still bring calls that it read before, so the mark stays for a minute.
  void Remove(const std::string& mark);
  // Null: no such connection, or it was over long ago.
  VisitorPtr Find(std::string_view mark) const;
  // Of the metadata field; lower case.
  const std::string& mark_name() const { return mark_name_; }

 private:
  std::string mark_name_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, VisitorPtr> visitors_;  // guarded by mutex_
  // Those that have left, the oldest first. Guarded by mutex_.
  std::deque<std::pair<std::chrono::steady_clock::time_point, std::string>> left_;
};

}  // namespace cistern
