#include "service/forward/mail_names.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <optional>
#include <vector>

#include "proto/yaml/scalar.h"
#include "proto/yaml/suggest.h"

namespace cistern {
namespace {

using Names = std::vector<std::string>;

// What a section gives to what is inside it.
struct Scope {
  Names names, sections;
  bool tags = false;
};

const Scope& Root() {
  static const Scope kRoot{{"target", "count", "shown", "more", "group", "first_time", "last_time",
                            "time_title", "severity_title", "host_title", "app_title"},
                           {"plural", "group", "more", "fields", "records", "one"}};
  return kRoot;
}

const Scope& ScopeOf(std::string_view section) {
  static const Scope kNothing;
  static const Scope kPair{{"name", "value"}, {}};
  static const Scope kRecord{
      {"id", "time", "severity", "facility", "host", "app", "peer", "message", "title", "detail", "colour",
       "background", "time_cell", "severity_cell", "host_cell", "app_cell"},
      {"event", "event_key", "event_fields", "record"},
      true};
  if (section == "records" || section == "one") return kRecord;
  return section == "fields" || section == "event_fields" ? kPair : kNothing;
}

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

bool IsTag(std::string_view name) { return name.starts_with("tag.") || name.starts_with("tag_"); }

bool Contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// `{{` + text + `}}`, behind the plain text before it.
struct Marker {
  std::string_view before, text;
};

// Takes the next one from `text`; nothing: the rest is plain, or has no end.
std::optional<Marker> TakeMarker(std::string_view& text) {
  const std::size_t open = text.find("{{");
  const std::size_t close = open == std::string_view::npos ? open : text.find("}}", open + 2);
  if (close == std::string_view::npos) return std::nullopt;
  const Marker marker{text.substr(0, open), text.substr(open + 2, close - open - 2)};
  text.remove_prefix(close + 2);
  return marker;
}

class Checker {
 public:
  std::string Run(std::string_view text) {
    while (const auto marker = TakeMarker(text)) {
      if (auto wrong = Check(Trimmed(marker->text)); !wrong.empty()) return wrong;
    }
    if (text.find("{{") != std::string_view::npos) return "has {{ without }}";
    return open_.empty() ? "" : "has {{#" + open_.back() + "}} without its end {{/" + open_.back() + "}}";
  }

 private:
  std::string Check(std::string_view marker) {
    if (marker.starts_with('!') || marker.starts_with('%')) return {};
    if (marker.starts_with('>') || marker.starts_with('='))
      return "holds {{" + Printable(marker) + "}}; templates cannot include files or change what marks names";
    if (marker.starts_with('#')) return Open(std::string(Trimmed(marker.substr(1))));
    if (marker.starts_with('/')) return Close(Trimmed(marker.substr(1)));
    const std::string_view name = Trimmed(marker.substr(0, marker.find(':')));
    if (name.starts_with("BI_") || (IsTag(name) && HasTags())) return {};
    return IsKnown(name, &Scope::names) ? "" : Unknown("{{" + Printable(name) + "}}", name, &Scope::names);
  }

  std::string Open(const std::string& name) {
    const bool separator = !open_.empty() && name == open_.back() + "_separator";
    if (!separator && !IsKnown(name, &Scope::sections))
      return Unknown("{{#" + Printable(name) + "}}", name, &Scope::sections);
    open_.push_back(name);
    return {};
  }

  std::string Close(std::string_view name) {
    if (open_.empty() || open_.back() != name)
      return "has {{/" + Printable(name) + "}} without its beginning";
    open_.pop_back();
    return {};
  }

  bool HasTags() const {
    return std::any_of(open_.begin(), open_.end(), [](const auto& name) { return ScopeOf(name).tags; });
  }

  Names Known(Names Scope::*kind) const {
    Names known = Root().*kind;
    for (const std::string& name : open_)
      known.insert(known.end(), (ScopeOf(name).*kind).begin(), (ScopeOf(name).*kind).end());
    return known;
  }
  bool IsKnown(std::string_view name, Names Scope::*kind) const { return Contains(Known(kind), name); }

  std::string Unknown(const std::string& shown, std::string_view name, Names Scope::*kind) const {
    const Names known = Known(kind);
    std::string text = shown + " stands for nothing here; there are " + JoinNames(known);
    if (HasTags()) {
      text += kind == &Scope::names ? ", tag.NAME" : "";
    } else if (IsTag(name) || IsOfRecords(name, kind)) {
      text +=
          "; it is a name of a record: put it between {{#records}} and {{/records}}, or {{#one}} and "
          "{{/one}}";
    }
    const std::string near = Suggest(name, known);
    return near.empty() ? text : text + "; did you mean " + near + "?";
  }

  static bool IsOfRecords(std::string_view name, Names Scope::*kind) {
    return Contains(ScopeOf("records").*kind, name);
  }

  Names open_;
};

}  // namespace

std::string CheckMailTemplate(std::string_view text) { return Checker().Run(text); }

std::string MailTagName(std::string_view tag) {
  std::string name = "tag_" + std::string(tag);
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}

std::string MailTemplateText(std::string_view text) {
  std::string out;
  while (const auto marker = TakeMarker(text)) {
    const std::string_view name = Trimmed(marker->text);
    const std::string_view plain = Trimmed(name.substr(0, name.find(':')));
    out.append(marker->before).append("{{");
    if (plain.starts_with("tag.")) {
      out += MailTagName(plain.substr(4));
      out += name.substr(std::min(name.find(':'), name.size()));
    } else {
      out += name;
    }
    out += "}}";
  }
  return out.append(text);
}

Result<std::string, std::string> ReadMailTemplate(const std::string& path) {
  using boost::system::in_place_error;
  std::ifstream file(path, std::ios::binary);
  std::string text(kLongestMailTemplate + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  if (!file.is_open() || file.bad()) return {in_place_error, "the template " + path + " cannot be read"};
  if (text.size() > kLongestMailTemplate)
    return {in_place_error, "the template " + path + " is larger than 256 KiB"};
  return {boost::system::in_place_value, std::move(text)};
}

}  // namespace cistern
