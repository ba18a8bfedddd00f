// Which values were seen, and when last: about 40 octets a value, known by a hash of 128 bits.
//
// Bounded; the value not seen for longest is forgotten first. Deterministic.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cistern::detect {

class SeenTable {
 public:
  // At least one value.
  explicit SeenTable(std::size_t max_values);

  // Whether `value` was there; it is now the one seen last.
  bool Touch(std::string_view value, std::int64_t time);
  // Forgets what was last seen at `time` or before; that is no eviction.
  void ForgetUntil(std::int64_t time);
  bool EvictOldest();
  // All times are less by that, ns.
  void SetBack(std::int64_t span);

  std::size_t size() const { return used_; }
  std::size_t bytes() const { return entries_.size() * sizeof(Entry) + slots_.size() * sizeof(slots_[0]); }
  std::uint64_t TakeEvicted();

  // 24 octets a value, the one not seen for longest first.
  std::string Save() const;
  // False: they are not what Save() gives.
  bool Load(std::string_view octets);

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  struct Hash {
    std::uint64_t low = 0, high = 0;
    bool operator==(const Hash&) const = default;
  };
  struct Entry {
    Hash hash;
    std::int64_t seen = 0;
    std::uint32_t older = kNone, newer = kNone;
  };

  bool Touch(const Hash& hash, std::int64_t time);
  std::size_t SlotOf(const Hash& hash) const;
  void Grow();
  void Append(std::uint32_t entry);
  void Unlink(std::uint32_t entry);
  void Erase(std::uint32_t entry);

  const std::size_t max_values_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> slots_;  // linear probing; a power of two of them, at most 3/4 used
  std::size_t used_ = 0;
  std::uint32_t oldest_ = kNone, newest_ = kNone;
  std::uint64_t evicted_ = 0;
};

}  // namespace cistern::detect
