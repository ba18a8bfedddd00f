#include <algorithm>

#include "cistern/v1/rule.pb.h"
#include "service/rules/ingest_action.h"
#include "service/rules/key_table.h"

namespace cistern {
namespace {

// Beyond it the key not seen for longest begins again with the first of its records.
constexpr std::size_t kMostKeys = 100'000;

class Sample final : public IngestAction {
 public:
  Sample(RecordKey key, std::uint32_t one_in) : key_(std::move(key)), one_in_(one_in), counts_(kMostKeys) {}

  ActionResult Apply(Record& record, Arena&, ActionOutput&) override {
    const KeyDigest key = key_.empty() ? KeyDigest{} : key_.Digest(record);
    std::uint32_t* count = counts_.Touch(key);
    if (count == nullptr) {
      if (counts_.full()) {
        counts_.RemoveFirst();
        ++evicted_;
      }
      count = &counts_.Add(key, 0);
    }
    const bool first = *count == 0;
    *count = (*count + 1) % one_in_;
    return first ? ActionResult::kKept : ActionResult::kDropped;
  }
  std::uint64_t evicted() const override { return evicted_; }
  std::uint64_t state_bytes() const override { return counts_.size() * KeyTable<std::uint32_t>::kEntryBytes; }

 private:
  const RecordKey key_;
  const std::uint32_t one_in_;
  KeyTable<std::uint32_t> counts_;
  std::uint64_t evicted_ = 0;
};

}  // namespace

ActionOr MakeSample(const v1::Rule& rule) {
  auto key = RecordKey::Parse(rule.sample().by());
  if (!key) return ActionError{"sample.by[" + std::to_string(key.error().index) + "]", key.error().message};
  return ActionPtr(std::make_unique<Sample>(std::move(*key), std::max(rule.sample().one_in(), 1u)));
}

}  // namespace cistern
