#include <map>

#include "cistern/v1/rule.pb.h"
#include "service/rules/ingest_action.h"
#include "service/rules/record_tags.h"
#include "service/rules/rule_text.h"

namespace cistern {
namespace {

class TagRecords final : public IngestAction {
 public:
  explicit TagRecords(std::vector<std::pair<std::string, RuleText>> tags) : texts_(std::move(tags)) {}

  ActionResult Apply(Record& record, Arena& arena, ActionOutput&) override {
    values_.clear();
    for (const auto& [name, text] : texts_) values_.emplace_back(name, text.Render(record));
    return AddTags(record, values_, ExistingTag::kReplace, arena) ? ActionResult::kChanged
                                                                  : ActionResult::kKept;
  }
  std::uint8_t changes() const override { return kTagFields; }

 private:
  const std::vector<std::pair<std::string, RuleText>> texts_;
  std::vector<std::pair<std::string, std::string>> values_;
};

}  // namespace

ActionOr MakeTag(const v1::Rule& rule) {
  std::vector<std::pair<std::string, RuleText>> tags;
  // Sorted: a protobuf map has no order.
  for (const auto& [name, value] :
       std::map<std::string, std::string>(rule.tag().tags().begin(), rule.tag().tags().end())) {
    auto text = RuleText::Parse(value);
    if (!text) return ActionError{"tag.tags." + name, text.error()};
    tags.emplace_back(name, std::move(*text));
  }
  return ActionPtr(std::make_unique<TagRecords>(std::move(tags)));
}

}  // namespace cistern
