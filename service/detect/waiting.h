// Records that wait until their order is certain.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "cistern/v1/stored.pb.h"
#include "service/detect/item.h"

namespace cistern::detect {

class Waiting {
 public:
  explicit Waiting(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // No record of an earlier time than `certain` will come behind this one.
  void Add(Item item, std::int64_t certain);

  // The next one; null: none whose time is before `bound`, or that has to go early.
  const Item* Next(std::int64_t bound);
  void Pop();
  // Whatever there is may be taken: the next ones by time.
  void ReleaseAll();

  // All times are less by that, ns.
  void SetBack(std::int64_t span);

  // A time before which about `most` of them are; kNever: not that many before `bound`.
  std::int64_t EndOf(std::size_t most, std::int64_t bound) const;
  // INT64_MIN: there is none.
  std::int64_t Latest() const;
  bool empty() const { return heap_.empty() && ready_.empty(); }
  std::size_t size() const { return heap_.size() + ready_.size(); }
  std::size_t bytes() const { return bytes_; }
  std::uint64_t early() const { return early_; }
  std::int64_t floor() const { return floor_; }

  void Save(v1::StoredDetection& out) const;
  void Load(const v1::StoredDetection& in);

 private:
  using Pointer = std::unique_ptr<Item>;
  void Release(bool early);

  const std::size_t max_bytes_;
  std::vector<Pointer> heap_;  // the first in order on top
  std::deque<Pointer> ready_;  // in order
  std::size_t bytes_ = 0, heap_bytes_ = 0;
  std::int64_t floor_ = INT64_MIN;  // of the last that went early
  std::uint64_t early_ = 0;
};

}  // namespace cistern::detect
