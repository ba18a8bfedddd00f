#include "ctl/printer/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "ctl/printer/text.h"
#include "proto/convert/json.h"

namespace cistern::ctl {
namespace {

struct LevelLook {
  std::string_view name;
  Paint paint;
};

LevelLook LookOf(Diagnosis::Level level) {
  switch (level) {
    case Diagnosis::Level::kOk:
      return {"ok", Paint::kGreen};
    case Diagnosis::Level::kNote:
      return {"note", Paint::kCyan};
    case Diagnosis::Level::kWarning:
      return {"warning", Paint::kYellow};
    case Diagnosis::Level::kWrong:
      return {"wrong", Paint::kBoldRed};
  }
  return {"", Paint::kDim};
}

}  // namespace

void AppendDiagnosisText(const Diagnosis& diagnosis, bool color, std::string& out) {
  const LevelLook look = LookOf(diagnosis.level);
  AppendPainted(fmt::format("{:<8}", look.name), look.paint, color, out);
  out += fmt::format("{}: {}\n", Visible(diagnosis.about), Visible(diagnosis.text));
  if (!diagnosis.advice.empty()) out += fmt::format("{:8}-> {}\n", "", Visible(diagnosis.advice));
}

void AppendDiagnosisJson(const Diagnosis& diagnosis, std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  json.Key("level").String(LookOf(diagnosis.level).name);
  json.Key("about").String(diagnosis.about).Key("text").String(diagnosis.text);
  json.OptionalString("advice", diagnosis.advice);
  json.EndObject();
  out += '\n';
}

bool AnyWrong(const std::vector<Diagnosis>& found) {
  return std::any_of(found.begin(), found.end(),
                     [](const Diagnosis& one) { return one.level == Diagnosis::Level::kWrong; });
}

}  // namespace cistern::ctl
