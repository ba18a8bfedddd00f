#include <re2/re2.h>

#include <algorithm>
#include <functional>
#include <set>

#include "cistern/v1/rule.pb.h"
#include "ingest/parse/payload/payload.h"
#include "service/rules/ingest_action.h"
#include "service/rules/key_value.h"
#include "service/rules/pattern.h"
#include "service/rules/record_tags.h"

namespace cistern {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;
// Called with each field in order, until it returns false.
using Take = std::function<bool(std::string_view name, std::string value)>;

class Finder {
 public:
  virtual ~Finder() = default;
  virtual void Find(const Record& record, const Take& take) const = 0;
};

class Pattern final : public Finder {
 public:
  explicit Pattern(std::shared_ptr<const re2::RE2> regex)
      : regex_(std::move(regex)), groups_(static_cast<std::size_t>(regex_->NumberOfCapturingGroups()) + 1) {
    for (const auto& [number, name] : regex_->CapturingGroupNames()) names_.emplace_back(number, name);
  }
  void Find(const Record& record, const Take& take) const override {
    const re2::StringPiece text(record.message.data(), record.message.size());
    std::vector<re2::StringPiece> groups(groups_);
    if (!regex_->Match(text, 0, text.size(), re2::RE2::UNANCHORED, groups.data(),
                       static_cast<int>(groups.size())))
      return;
    for (const auto& [number, name] : names_) {
      const re2::StringPiece& group = groups[static_cast<std::size_t>(number)];
      if (!group.empty() && !take(name, std::string(group.data(), group.size()))) return;
    }
  }

 private:
  const std::shared_ptr<const re2::RE2> regex_;
  const std::size_t groups_;
  std::vector<std::pair<int, std::string>> names_;
};

class KeyValues final : public Finder {
 public:
  void Find(const Record& record, const Take& take) const override { ReadKeyValues(record.message, take); }
};

class PayloadFields final : public Finder {
 public:
  explicit PayloadFields(Payload (*extract)(const Record&)) : extract_(extract) {}
  void Find(const Record& record, const Take& take) const override {
    for (PayloadField& field : extract_(record).fields) {
      if (!take(field.name, std::move(field.value))) return;
    }
  }

 private:
  Payload (*const extract_)(const Record&);
};

class Extract final : public IngestAction {
 public:
  Extract(const v1::ExtractRule& rule, std::unique_ptr<Finder> finder)
      : finder_(std::move(finder)),
        prefix_(rule.prefix()),
        only_(rule.only().begin(), rule.only().end()),
        most_(rule.max_fields()) {}

  ActionResult Apply(Record& record, Arena& arena, ActionOutput&) override {
    fields_.clear();
    finder_->Find(record, [this](std::string_view name, std::string value) {
      if (!only_.empty() && !only_.contains(std::string(name))) return true;
      fields_.emplace_back(prefix_ + std::string(name), std::move(value));
      return fields_.size() < most_;
    });
    return AddTags(record, fields_, ExistingTag::kStays, arena) ? ActionResult::kChanged
                                                                : ActionResult::kKept;
  }
  std::uint8_t changes() const override { return kTagFields; }

 private:
  const std::unique_ptr<Finder> finder_;
  const std::string prefix_;
  const std::set<std::string> only_;
  const std::size_t most_;
  Fields fields_;
};

Result<std::unique_ptr<Finder>, ActionError> MakePattern(const std::string& pattern) {
  auto regex = CompilePattern(pattern);
  if (!regex) return ActionError{"extract.pattern", std::move(regex).error()};
  if ((*regex)->NamedCapturingGroups().empty())
    return ActionError{"extract.pattern", "has no named group, such as (?P<user>\\w+)"};
  return std::unique_ptr<Finder>(std::make_unique<Pattern>(std::move(*regex)));
}

Result<std::unique_ptr<Finder>, ActionError> MakeFinder(const v1::ExtractRule& rule) {
  switch (rule.how_case()) {
    case v1::ExtractRule::kPattern:
      return MakePattern(rule.pattern());
    case v1::ExtractRule::kJson:
      return std::unique_ptr<Finder>(std::make_unique<PayloadFields>(&ExtractJson));
    case v1::ExtractRule::kCef:
      return std::unique_ptr<Finder>(std::make_unique<PayloadFields>(&ExtractCef));
    case v1::ExtractRule::kLeef:
      return std::unique_ptr<Finder>(std::make_unique<PayloadFields>(&ExtractLeef));
    default:
      return std::unique_ptr<Finder>(std::make_unique<KeyValues>());
  }
}

}  // namespace

ActionOr MakeExtract(const v1::Rule& rule) {
  auto finder = MakeFinder(rule.extract());
  if (!finder) return finder.error();
  return ActionPtr(std::make_unique<Extract>(rule.extract(), std::move(*finder)));
}

}  // namespace cistern
