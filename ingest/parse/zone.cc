#include "ingest/parse/zone.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

namespace cistern {
namespace {

class FixedZone final : public Zone {
 public:
  FixedZone(std::string_view name, std::int32_t offset) : name_(name), offset_(offset) {}
  const std::string& name() const override { return name_; }
  std::int32_t OffsetSeconds(std::int64_t) const override { return offset_; }

 private:
  const std::string name_;
  const std::int32_t offset_;
};

// Remembers the offset of a few quarters of an hour, the finest grain at which today's zones change. One
// entry is one atomic word (quarter and offset), so threads share it without a lock.
class IanaZone final : public Zone {
 public:
  IanaZone(std::string_view name, absl::TimeZone zone) : name_(name), zone_(zone) {
    for (auto& entry : cache_) entry.store(kNothing, std::memory_order_relaxed);
  }
  const std::string& name() const override { return name_; }

  std::int32_t OffsetSeconds(std::int64_t local_seconds) const override {
    if (local_seconds < 0 || local_seconds > kLastCached) return LookUp(local_seconds);
    const auto quarter = static_cast<std::uint32_t>(local_seconds / kQuarter);
    std::atomic<std::uint64_t>& entry = cache_[quarter % cache_.size()];
    const std::uint64_t word = entry.load(std::memory_order_relaxed);
    if (word >> 32 == quarter) return static_cast<std::int32_t>(word & 0xffffffffu);
    const std::int32_t offset = LookUp(local_seconds);
    const std::int64_t start = static_cast<std::int64_t>(quarter) * kQuarter;
    if (LookUp(start) == offset && LookUp(start + kQuarter - 1) == offset) {
      entry.store(std::uint64_t{quarter} << 32 | static_cast<std::uint32_t>(offset),
                  std::memory_order_relaxed);
    }
    return offset;
  }

 private:
  static constexpr std::int64_t kQuarter = 900;
  static constexpr std::int64_t kLastCached = 0xfffffffeLL * kQuarter;
  static constexpr std::uint64_t kNothing = ~std::uint64_t{0};

  // absl's `pre` is the time by the offset before a change: the earlier of two in a repeated hour.
  std::int32_t LookUp(std::int64_t local_seconds) const {
    const absl::CivilSecond civil = absl::CivilSecond() + local_seconds;
    return static_cast<std::int32_t>(local_seconds - absl::ToUnixSeconds(zone_.At(civil).pre));
  }

  const std::string name_;
  const absl::TimeZone zone_;
  mutable std::array<std::atomic<std::uint64_t>, 8> cache_;
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// `+hh:mm`, `+hhmm` or `+hh`, and the same with `-`.
std::optional<std::int32_t> ParseOffset(std::string_view text) {
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  std::string digits(text.substr(1));
  if (digits.size() == 5 && digits[2] == ':') digits.erase(2, 1);
  if (digits.size() == 2) digits += "00";
  if (digits.size() != 4 || !std::all_of(digits.begin(), digits.end(), IsDigit)) return std::nullopt;
  const int hours = (digits[0] - '0') * 10 + (digits[1] - '0');
  const int minutes = (digits[2] - '0') * 10 + (digits[3] - '0');
  if (hours > 23 || minutes > 59) return std::nullopt;
  const int seconds = hours * 3600 + minutes * 60;
  return text[0] == '-' ? -seconds : seconds;
}

// Nothing that could name a file outside of the zone folder.
bool IsZoneName(std::string_view name) {
  const auto allowed = [](char c) {
    return IsDigit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '/' ||
           c == '+' || c == '-';
  };
  return !name.empty() && name.front() != '/' && std::all_of(name.begin(), name.end(), allowed);
}

}  // namespace

Result<std::shared_ptr<const Zone>> LoadZone(std::string_view name) {
  if (name == "UTC" || name == "utc" || name == "Z") return std::make_shared<FixedZone>(name, 0);
  if (const auto offset = ParseOffset(name)) return std::make_shared<FixedZone>(name, *offset);
  if (name == "local") return std::make_shared<IanaZone>(name, absl::LocalTimeZone());
  absl::TimeZone zone;
  if (!IsZoneName(name) || !absl::LoadTimeZone(std::string(name), &zone)) {
    return boost::system::errc::make_error_code(boost::system::errc::no_such_file_or_directory);
  }
  return std::make_shared<IanaZone>(name, zone);
}

ZoneTable::ZoneTable(std::shared_ptr<const Zone> fallback, std::vector<Entry> senders)
    : fallback_(std::move(fallback)), senders_(std::move(senders)) {
  std::stable_sort(senders_.begin(), senders_.end(), [](const Entry& a, const Entry& b) {
    return a.network.prefix_bits() > b.network.prefix_bits();
  });
}

const Zone* ZoneTable::Find(const IpAddress& peer, const Zone* listener_zone) const {
  for (const Entry& entry : senders_) {
    if (entry.network.Contains(peer)) return entry.zone.get();
  }
  return listener_zone != nullptr ? listener_zone : fallback_.get();
}

}  // namespace cistern
