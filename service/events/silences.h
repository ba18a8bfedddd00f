// Silences, with their filters ready.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cistern/v1/event.pb.h"
#include "storage/filter/filter.h"

namespace cistern {

class Silences {
 public:
  // What is wrong with it; empty: nothing.
  static std::string Check(const v1::Silence& silence, std::int64_t now);

  // As checked. False: its filter is not one.
  bool Put(const v1::Silence& silence);
  void Remove(const std::string& name) { silences_.erase(name); }
  // The first by name that lasts at `now` and matches the record; empty: none does.
  std::string Of(const Record& record, std::int64_t now) const;

  const v1::Silence* Find(const std::string& name) const;
  std::size_t size() const { return silences_.size(); }
  std::vector<v1::Silence> List(bool expired, std::int64_t now) const;
  // Those that ended a day ago.
  std::vector<std::string> Forgotten(std::int64_t now) const;

 private:
  struct Entry {
    v1::Silence silence;
    Filter filter;
    std::int64_t start = 0, end = 0;  // ns
  };
  std::map<std::string, Entry> silences_;
};

}  // namespace cistern
