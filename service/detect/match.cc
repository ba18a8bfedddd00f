#include "service/detect/detector.h"

namespace cistern::detect {
namespace {

constexpr std::size_t kMaxKeys = 10'000;

struct Raised {
  std::int64_t at = 0;

  std::size_t bytes() const { return 0; }
  void SetBack(std::int64_t span) { at -= span; }
  void Save(v1::StoredKey& out) const { out.add_parts()->add_numbers(at); }
  bool Load(const v1::StoredKey& in) {
    if (in.parts_size() != 1 || in.parts(0).numbers_size() != 1) return false;
    at = in.parts(0).numbers(0);
    return true;
  }
};

class Match final : public KeyedDetector<Raised> {
 public:
  using KeyedDetector::KeyedDetector;

  void Take(const Item& item) override {
    const std::int64_t repeat = plan_.rule.match().repeat();
    if (repeat == 0) return events_.Raise(HappeningOf(item));
    table_.Prune([&](const Entry& entry) { return entry.seen + repeat <= item.time; });
    bool is_new = false;
    Entry& entry = table_.Touch(item.key, item.time, &is_new);
    if (!is_new && item.time < entry.state.at + repeat) return events_.Add(HappeningOf(item));
    entry.state.at = item.time;
    events_.Raise(HappeningOf(item));
  }
};

}  // namespace

std::unique_ptr<Detector> MakeMatch(const Plan& plan, EventWriter& events, std::size_t max_bytes) {
  return std::make_unique<Match>(plan, events, kMaxKeys, max_bytes);
}

}  // namespace cistern::detect
