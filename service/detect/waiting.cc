#include "service/detect/waiting.h"

#include <algorithm>

namespace cistern::detect {
namespace {

// Of a heap: the last on top.
struct Later {
  bool operator()(const std::unique_ptr<Item>& a, const std::unique_ptr<Item>& b) const {
    return a->time != b->time ? a->time > b->time : a->id > b->id;
  }
};

}  // namespace

void Waiting::Add(Item item, std::int64_t certain) {
  while (!heap_.empty() && heap_.front()->time < certain) Release(/*early=*/false);
  item.time = std::max(item.time, floor_);
  const std::size_t bytes = item.bytes();
  bytes_ += bytes;
  heap_bytes_ += bytes;
  heap_.push_back(std::make_unique<Item>(std::move(item)));
  std::push_heap(heap_.begin(), heap_.end(), Later());
  while (heap_bytes_ > max_bytes_) Release(/*early=*/true);
}

void Waiting::Release(bool early) {
  std::pop_heap(heap_.begin(), heap_.end(), Later());
  Pointer item = std::move(heap_.back());
  heap_.pop_back();
  heap_bytes_ -= item->bytes();
  if (early) {
    item->early = true;
    floor_ = std::max(floor_, item->time);
    ++early_;
  }
  ready_.push_back(std::move(item));
}

const Item* Waiting::Next(std::int64_t bound) {
  if (ready_.empty() && !heap_.empty() && heap_.front()->time < bound) Release(/*early=*/false);
  if (ready_.empty()) return nullptr;
  const Item& first = *ready_.front();
  return first.time < bound || first.early ? &first : nullptr;
}

void Waiting::Pop() {
  bytes_ -= ready_.front()->bytes();
  ready_.pop_front();
}

void Waiting::SetBack(std::int64_t span) {
  for (Pointer& item : heap_) item->time -= span;
  for (Pointer& item : ready_) item->time -= span;
  if (floor_ != INT64_MIN) floor_ -= span;
}

std::int64_t Waiting::EndOf(std::size_t most, std::int64_t bound) const {
  if (size() <= most) return kNever;
  std::vector<std::int64_t> times;
  for (const Pointer& item : ready_)
    if (item->time < bound) times.push_back(item->time);
  // Of the heap only what is before the bound, and what is right below that, is looked at.
  for (std::vector<std::size_t> below{0}; !below.empty();) {
    const std::size_t i = below.back();
    below.pop_back();
    if (i >= heap_.size() || heap_[i]->time >= bound) continue;
    times.push_back(heap_[i]->time);
    below.insert(below.end(), {2 * i + 1, 2 * i + 2});
  }
  if (times.size() <= most) return kNever;
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(most), times.end());
  return times[most] + 1;
}

std::int64_t Waiting::Latest() const {
  std::int64_t latest = ready_.empty() ? INT64_MIN : ready_.back()->time;
  for (const Pointer& item : heap_) latest = std::max(latest, item->time);
  return latest;
}

void Waiting::ReleaseAll() {
  while (!heap_.empty()) Release(/*early=*/true);
}

void Waiting::Save(v1::StoredDetection& out) const {
  const auto add = [&](const Item& item) {
    v1::StoredItem& stored = *out.add_waiting();
    stored.set_time(item.time);
    stored.set_id(item.id);
    stored.set_stated(item.stated);
    stored.set_weight(item.weight);
    stored.set_marks(item.marks);
    stored.set_key(item.key);
    for (const std::string& value : item.values) stored.add_values(value);
  };
  for (const Pointer& item : ready_) add(*item);
  for (const Pointer& item : heap_) add(*item);
  out.set_floor(floor_);
  out.set_early(early_);
}

void Waiting::Load(const v1::StoredDetection& in) {
  floor_ = in.floor();
  early_ = in.early();
  for (const v1::StoredItem& stored : in.waiting()) {
    auto item = std::make_unique<Item>();
    item->time = stored.time();
    item->id = stored.id();
    item->stated = stored.stated();
    item->weight = stored.weight();
    item->marks = stored.marks();
    item->key = stored.key();
    item->values.assign(stored.values().begin(), stored.values().end());
    bytes_ += item->bytes();
    heap_bytes_ += item->bytes();
    heap_.push_back(std::move(item));
  }
  std::make_heap(heap_.begin(), heap_.end(), Later());
}

}  // namespace cistern::detect
