#include <array>
#include <map>
#include <optional>

#include "cistern/v1/rule.pb.h"
#include "ingest/message/shape.h"
#include "service/rules/ingest_action.h"
#include "service/rules/rule_text.h"

namespace cistern {
namespace {

struct TextField {
  std::string_view name;
  std::string_view Record::*field;
};
constexpr std::array<TextField, 5> kTextFieldNames{{{"hostname", &Record::hostname},
                                                    {"app_name", &Record::app_name},
                                                    {"procid", &Record::procid},
                                                    {"msgid", &Record::msgid},
                                                    {"message", &Record::message}}};
constexpr std::string_view kSeverityField = "severity", kFacilityField = "facility";

std::string_view Record::*FindText(std::string_view name) {
  for (const TextField& field : kTextFieldNames) {
    if (field.name == name) return field.field;
  }
  return nullptr;
}

// What is to become of one field.
struct Setting {
  std::string name;
  std::string_view Record::*field = nullptr;  // null: severity or facility
  RuleText text;
};

class SetFields final : public IngestAction {
 public:
  explicit SetFields(std::vector<Setting> settings) : settings_(std::move(settings)) {
    for (const Setting& setting : settings_)
      changes_ |= setting.name == "message" ? kTextFields : kHeaderFields;
  }

  // All values are made of the record as it came.
  ActionResult Apply(Record& record, Arena& arena, ActionOutput&) override {
    Record changed = record;
    for (const Setting& setting : settings_) Change(setting, record, arena, changed);
    const bool same =
        changed.facility == record.facility && changed.severity == record.severity &&
        std::all_of(kTextFieldNames.begin(), kTextFieldNames.end(),
                    [&](const TextField& field) { return changed.*field.field == record.*field.field; });
    if (same) return ActionResult::kKept;
    KeepOctets(record, arena, changed);
    record = changed;
    return ActionResult::kChanged;
  }
  std::uint8_t changes() const override { return changes_; }

 private:
  static void Change(const Setting& setting, const Record& record, Arena& arena, Record& changed) {
    const std::string value = setting.text.Render(record);
    if (value.empty()) return;
    if (setting.field != nullptr) {
      changed.*setting.field = arena.Copy(value);
    } else if (setting.name == kSeverityField) {
      changed.severity = ParseSeverity(value).value_or(record.severity);
    } else {
      changed.facility = ParseFacility(value).value_or(record.facility);
    }
  }

  // The fields can rebuild them no longer.
  static void KeepOctets(const Record& record, Arena& arena, Record& changed) {
    if (record.shape.code == kShapeRaw) return;
    std::string octets;
    RebuildRaw(record, octets);
    changed.raw = record.raw.empty() ? arena.Copy(octets) : record.raw;
    changed.shape.code = kShapeRaw;
  }

  const std::vector<Setting> settings_;
  std::uint8_t changes_ = kNoFields;
};

}  // namespace

ActionOr MakeSet(const v1::Rule& rule) {
  std::vector<Setting> settings;
  const std::map<std::string, std::string> fields(rule.set().fields().begin(), rule.set().fields().end());
  for (const auto& [name, value] : fields) {
    const auto field = FindText(name);
    if (field == nullptr && name != kSeverityField && name != kFacilityField)
      return ActionError{"set.fields." + name,
                         "cannot be set: hostname app_name procid msgid severity facility message"};
    auto text = RuleText::Parse(value);
    if (!text) return ActionError{"set.fields." + name, text.error()};
    settings.push_back({name, field, std::move(*text)});
  }
  return ActionPtr(std::make_unique<SetFields>(std::move(settings)));
}

}  // namespace cistern
