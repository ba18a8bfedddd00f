#include "service/forward/mail_renderer.h"

#include <ctemplate/template.h>
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <ctime>

#include "cistern/v1/target.pb.h"
#include "ingest/message/tags.h"
#include "proto/convert/escape.h"
#include "proto/convert/utf8.h"
#include "service/forward/mail_names.h"
#include "service/forward/mail_template.h"
#include "service/forward/mail_text.h"

namespace cistern {
namespace {

constexpr std::size_t kWidestCell = 32;

// Text and background of severities.
struct Colours {
  const char* text;
  const char* background;
};
constexpr Colours kColours[] = {{"#ffffff", "#7f1d1d"}, {"#ffffff", "#991b1b"}, {"#ffffff", "#b91c1c"},
                                {"#991b1b", "#fee2e2"}, {"#92400e", "#fef3c7"}, {"#1e40af", "#dbeafe"},
                                {"#334155", "#e2e8f0"}, {"#64748b", "#f1f5f9"}};

std::string TimeText(std::int64_t ns) {
  const std::time_t seconds = ns / 1'000'000'000 - (ns % 1'000'000'000 < 0);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec);
}

// Control characters escaped, but for tabs, which become blanks, and line ends, behind which `indent` stands.
std::string Lines(std::string message, std::string_view indent) {
  for (std::size_t at; (at = message.find('\t')) != std::string::npos;) message.replace(at, 1, "    ");
  std::string text;
  for (std::size_t start = 0; start <= message.size();) {
    const std::size_t end = std::min(message.find('\n', start), message.size());
    if (start > 0) text.append("\n").append(indent);
    AppendVisible(std::string_view(message).substr(start, end - start), text);
    start = end + 1;
  }
  return text;
}

std::string Joined(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) {
    if (!text.empty()) text += ", ";
    text += value.empty() ? "(none)" : Visible(value);
  }
  return text;
}

std::size_t Columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// A column of the plain text.
class Column {
 public:
  Column(const char* name, const char* title) : name_(name), title_(title), width_(Columns(title)) {}
  void Fit(std::string_view text) { width_ = std::max(width_, std::min(Columns(text), kWidestCell)); }
  void SetTitle(ctemplate::TemplateDictionary& dictionary) const {
    dictionary.SetValue(name_ + "_title", Padded(title_));
  }
  void SetCell(ctemplate::TemplateDictionary& dictionary, const std::string& text) const {
    dictionary.SetValue(name_, text);
    dictionary.SetValue(name_ + "_cell", Padded(text));
  }

 private:
  std::string Padded(std::string text) const {
    const std::size_t columns = Columns(text);
    if (columns < width_) text.append(width_ - columns, ' ');
    return text;
  }
  const std::string name_, title_;
  std::size_t width_;
};

constexpr std::size_t kLongestTitle = 150;

// The first line, not too long, for subjects.
std::string Title(std::string_view message) {
  std::string title = Visible(message.substr(0, message.find_first_of("\r\n")));
  if (title.size() <= kLongestTitle) return title;
  return title.substr(0, CutUtf8(title, kLongestTitle)) + "...";
}

// Whether the template says it in a place of its own.
bool IsShownApart(std::string_view tag) {
  constexpr std::string_view kTags[] = {"event.rule",  "event.severity", "event.state", "event.key",
                                        "event.count", "event.first",    "event.last"};
  return std::find(std::begin(kTags), std::end(kTags), tag) != std::end(kTags);
}

void AddTags(std::string_view encoded, ctemplate::TemplateDictionary& record) {
  bool event = false;
  TagsReader tags(encoded);
  while (const auto tag = tags.Next()) {
    const std::string value = Visible(tag->value);
    record.SetValue(MailTagName(tag->name), value);
    if (tag->name == "event") event = true;
    if (tag->name == "event.key" && !value.empty()) record.ShowSection("event_key");
    if (!tag->name.starts_with("event.") || IsShownApart(tag->name)) continue;
    ctemplate::TemplateDictionary& field = *record.AddSectionDictionary("event_fields");
    field.SetValue("name", Visible(tag->name.substr(sizeof "event." - 1)));
    field.SetValue("value", value);
  }
  record.ShowSection(event ? "event" : "record");
}

struct TableColumns {
  Column time{"time", "Time"}, severity{"severity", "Severity"}, host{"host", "Host"}, app{"app", "App"};
};

void AddRecord(const ShownRecord& record, const TableColumns& columns, ctemplate::TemplateDictionary& one) {
  columns.time.SetCell(one, TimeText(record.time));
  columns.severity.SetCell(one, std::string(SeverityName(record.severity)));
  columns.host.SetCell(one, Visible(record.host));
  columns.app.SetCell(one, Visible(record.app));
  one.SetIntValue("id", static_cast<long>(record.id));
  one.SetValue("facility", std::string(FacilityName(record.facility)));
  one.SetValue("peer", record.peer);
  AddTags(record.tags, one);
  one.SetValue("title", Title(record.message));
  one.SetValue("message", Lines(record.message, ""));
  one.SetValue("detail", Lines(record.message, "    "));
  const Colours& colours = kColours[std::min<std::size_t>(record.severity, std::size(kColours) - 1)];
  one.SetValue("colour", colours.text);
  one.SetValue("background", colours.background);
}

void AddRecords(const MailGroup& group, ctemplate::TemplateDictionary& root) {
  TableColumns columns;
  for (const ShownRecord& record : group.shown) {
    columns.time.Fit(TimeText(record.time));
    columns.severity.Fit(SeverityName(record.severity));
    columns.host.Fit(Visible(record.host));
    columns.app.Fit(Visible(record.app));
  }
  for (const Column* column : {&columns.time, &columns.severity, &columns.host, &columns.app})
    column->SetTitle(root);
  for (const ShownRecord& record : group.shown)
    AddRecord(record, columns, *root.AddSectionDictionary("records"));
  if (group.count == 1 && group.shown.size() == 1)
    AddRecord(group.shown[0], columns, *root.AddSectionDictionary("one"));
}

std::string Expanded(const ctemplate::Template& text, const ctemplate::TemplateDictionary& dictionary) {
  std::string out;
  const_cast<ctemplate::Template&>(text).Expand(&out, &dictionary);
  return out;
}

}  // namespace

MailRenderer::MailRenderer(const v1::Target& target, std::string store)
    : target_(target), store_(std::move(store)) {}

MailRenderer::~MailRenderer() = default;

Result<std::unique_ptr<MailRenderer>, Failure> MailRenderer::Make(const v1::Target& target,
                                                                  std::string store) {
  std::unique_ptr<MailRenderer> made(new MailRenderer(target, std::move(store)));
  const v1::MailTarget& mail = target.mail();
  const std::string& subject = mail.subject().empty() ? kMailSubject : mail.subject();
  made->subject_.reset(
      ctemplate::Template::StringToTemplate(MailTemplateText(subject), ctemplate::DO_NOT_STRIP));
  if (!made->subject_) return Failure{FailureReason::kConfiguration, "the subject is not a template"};
  if (auto failure = made->Load(made->text_, mail.text_template(), kMailText, false))
    return std::move(*failure);
  if (auto failure = made->Load(made->html_, mail.html_template(), kMailHtml, true))
    return std::move(*failure);
  return made;
}

std::optional<Failure> MailRenderer::Load(Template& place, const std::string& path, const char* built_in,
                                          bool html) {
  std::string text = built_in;
  if (!path.empty()) {
    auto read = ReadMailTemplate(path);
    if (!read) return Failure{FailureReason::kConfiguration, std::move(read).error()};
    text = std::move(*read);
  }
  if (const std::string wrong = CheckMailTemplate(text); !wrong.empty())
    return Failure{FailureReason::kConfiguration, "the template " + path + ": " + wrong};
  text = MailTemplateText(text);
  if (html) text.insert(0, "{{%AUTOESCAPE context=\"HTML\"}}");
  place.reset(ctemplate::Template::StringToTemplate(text, ctemplate::DO_NOT_STRIP));
  if (place) return std::nullopt;
  return Failure{FailureReason::kConfiguration,
                 "the template " + path + " cannot be understood; is there a modifier that is unknown?"};
}

// The same for the same records, so that a repeat after a crash can be told.
std::string MailRenderer::MessageId(const MailGroup& group) const {
  std::string key;
  for (const std::string& value : group.values) key += value + '\0';
  const std::string from = PlainAddress(target_.mail().from());
  return fmt::format("{}.{}-{}.{:016x}.{}@{}", target_.name(), group.first_id, group.last_id,
                     XXH3_64bits(key.data(), key.size()), store_, from.substr(from.find('@') + 1));
}

Mail MailRenderer::Render(const MailGroup& group) const {
  ctemplate::TemplateDictionary root("mail");
  root.SetValue("target", target_.name());
  root.SetIntValue("count", static_cast<long>(group.count));
  root.SetIntValue("shown", static_cast<long>(group.shown.size()));
  root.SetIntValue("more", static_cast<long>(group.count - group.shown.size()));
  root.SetValue("first_time", TimeText(group.first_received));
  root.SetValue("last_time", TimeText(group.last_received));
  if (group.count > 1) root.ShowSection("plural");
  if (group.count > group.shown.size()) root.ShowSection("more");
  if (!group.values.empty()) {
    root.SetValue("group", Joined(group.values));
    root.ShowSection("group");
  }
  for (std::size_t i = 0; i < group.values.size(); ++i) {
    ctemplate::TemplateDictionary& field = *root.AddSectionDictionary("fields");
    field.SetValue("name", target_.mail().group_by(static_cast<int>(i)));
    field.SetValue("value", Visible(group.values[i]));
  }
  AddRecords(group, root);
  return {.message_id = MessageId(group),
          .date = {},
          .subject = Expanded(*subject_, root),
          .text = Expanded(*text_, root),
          .html = Expanded(*html_, root)};
}

}  // namespace cistern
