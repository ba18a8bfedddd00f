// Hides private data wherever a record keeps it: what filters see, what is written, and the octets as
// received. These are made of the fields where the shape can rebuild them; where they are kept as they came,
// the same places are hidden in them.
#include <algorithm>
#include <array>

#include "cistern/v1/rule.pb.h"
#include "ingest/message/rfc5424_text.h"
#include "ingest/message/shape.h"
#include "ingest/message/structured_data.h"
#include "ingest/message/tags.h"
#include "service/rules/ingest_action.h"
#include "service/rules/pattern.h"
#include "service/rules/record_tags.h"
#include "service/rules/redactor.h"

namespace cistern {
namespace {

constexpr char kTagName[] = "redacted";
// With more of them the octets as received are written anew instead of searched for each.
constexpr std::size_t kMostValues = 64;

bool Within(std::string_view part, std::string_view whole) {
  const std::less_equal<const char*> before;
  return before(whole.data(), part.data()) && before(part.data() + part.size(), whole.data() + whole.size());
}

// The redaction of one record.
class Redaction {
 public:
  Redaction(const Redactor& redactor, Record& record, Arena& arena)
      : redactor_(redactor), record_(record), arena_(arena), raw_(record.raw) {}

  bool Run(bool hostname) {
    HideField(record_.message);
    HideField(record_.app_name);
    HideField(record_.procid);
    HideField(record_.msgid);
    if (hostname) HideField(record_.hostname);
    HideStructuredData();
    HideTags();
    HideOctets();
    if (found_ == 0) return false;
    AddTag();
    return true;
  }

 private:
  void HideField(std::string_view& field) {
    if (field.empty()) return;
    const auto spans = redactor_.Find(field);
    if (spans.empty()) return;
    for (const PrivateSpan& span : spans) Note(field.substr(span.begin, span.end - span.begin), span.kind);
    field = arena_.Copy(redactor_.Hide(field, spans));
  }

  // Remembers where `value` stands in the octets as received.
  void Note(std::string_view value, PrivateKind kind) {
    found_ |= 1u << static_cast<unsigned>(kind);
    if (record_.shape.code != kShapeRaw) return;
    if (Within(value, raw_)) {
      const auto begin = static_cast<std::size_t>(value.data() - raw_.data());
      in_raw_.push_back({begin, begin + value.size(), kind});
    } else {
      values_.emplace_back(value, kind);
    }
  }

  void HideStructuredData() {
    if (record_.structured_data.empty()) return;
    const std::string_view text = record_.structured_data;
    std::string hidden, unescaped;
    std::size_t behind = 0;
    StructuredDataReader reader(text);
    while (const auto item = reader.Next()) {
      if (!item->has_param || item->value.empty()) continue;
      if (item->escaped) UnescapeSdValue(item->value, unescaped);
      const std::string_view value = item->escaped ? std::string_view(unescaped) : item->value;
      const auto spans = redactor_.Find(value);
      if (spans.empty()) continue;
      NoteParameter(*item, spans);
      const auto begin = static_cast<std::size_t>(item->value.data() - text.data());
      hidden += text.substr(behind, begin - behind);
      const bool quoted = begin > 0 && text[begin - 1] == '"';
      if (!quoted) hidden += '"';
      EscapeSdValue(redactor_.Hide(value, spans), hidden);
      if (!quoted) hidden += '"';
      behind = begin + item->value.size();
    }
    if (behind == 0) return;
    hidden += text.substr(behind);
    record_.structured_data = arena_.Copy(hidden);
  }

  // Of a value that is escaped all is hidden in the octets as received.
  void NoteParameter(const SdItem& item, const std::vector<PrivateSpan>& spans) {
    for (const PrivateSpan& span : spans)
      Note(item.escaped ? item.value : item.value.substr(span.begin, span.end - span.begin), span.kind);
  }

  void HideTags() {
    if (record_.tags.empty()) return;
    std::string tags;
    bool changed = false;
    TagsReader reader(record_.tags);
    while (const auto tag = reader.Next()) {
      const bool own = tag->name == kTagName;
      std::string name = own ? kTagName : Hidden(tag->name),
                  value = own ? std::string(tag->value) : Hidden(tag->value);
      changed = changed || name != tag->name || value != tag->value;
      AppendTag(tags, std::string_view(name).substr(0, kMaxTagName), value);
    }
    if (changed) record_.tags = arena_.Copy(tags);
  }

  // A name may come from the text as well.
  std::string Hidden(std::string_view text) {
    const auto spans = redactor_.Find(text);
    for (const PrivateSpan& span : spans) found_ |= 1u << static_cast<unsigned>(span.kind);
    return spans.empty() ? std::string(text) : redactor_.Hide(text, spans);
  }

  void HideOctets() {
    if (record_.shape.code != kShapeRaw) {
      if (found_ != 0) record_.raw = {};
      return;
    }
    if (values_.size() > kMostValues) return WriteAnew();
    for (const auto& [value, kind] : values_) FindInOctets(value, kind);
    for (const PrivateSpan& span : redactor_.Find(raw_)) {
      found_ |= 1u << static_cast<unsigned>(span.kind);
      in_raw_.push_back(span);
    }
    if (in_raw_.empty()) return;
    Join(in_raw_);
    record_.raw = arena_.Copy(redactor_.Hide(raw_, in_raw_));
  }

  void FindInOctets(std::string_view value, PrivateKind kind) {
    for (std::size_t at = raw_.find(value); at != std::string_view::npos;
         at = raw_.find(value, at + value.size()))
      in_raw_.push_back({at, at + value.size(), kind});
  }

  void WriteAnew() {
    Record fields = record_;
    fields.format = Format::kRaw;
    std::string text;
    RenderRfc5424(fields, text);
    record_.raw = arena_.Copy(text);
  }

  void AddTag() {
    TagsReader reader(record_.tags);
    while (const auto tag = reader.Next()) {
      if (tag->name == kTagName) AddNames(tag->value);
    }
    std::string names;
    for (std::size_t i = 0; i < kPrivateKinds; ++i) {
      if ((found_ >> i & 1) == 0) continue;
      if (!names.empty()) names += ',';
      names += PrivateKindName(static_cast<PrivateKind>(i));
    }
    const std::pair<std::string, std::string> tag(kTagName, names);
    AddTags(record_, {&tag, 1}, ExistingTag::kReplace, arena_);
  }

  // What an earlier rule found.
  void AddNames(std::string_view names) {
    for (std::size_t i = 0; i < kPrivateKinds; ++i) {
      if (names.find(PrivateKindName(static_cast<PrivateKind>(i))) != std::string_view::npos)
        found_ |= 1u << i;
    }
  }

  const Redactor& redactor_;
  Record& record_;
  Arena& arena_;
  const std::string_view raw_;
  unsigned found_ = 0;  // a bit for each PrivateKind
  std::vector<PrivateSpan> in_raw_;
  std::vector<std::pair<std::string_view, PrivateKind>> values_;
};

class Redact final : public IngestAction {
 public:
  Redact(Redactor redactor, bool hostname) : redactor_(std::move(redactor)), hostname_(hostname) {}
  ActionResult Apply(Record& record, Arena& arena, ActionOutput&) override {
    return Redaction(redactor_, record, arena).Run(hostname_) ? ActionResult::kChanged : ActionResult::kKept;
  }
  std::uint8_t changes() const override { return kAllFields; }

 private:
  const Redactor redactor_;
  const bool hostname_;
};

std::string Path(std::string_view list, int index) {
  return "redact." + std::string(list) + "[" + std::to_string(index) + "]";
}

}  // namespace

ActionOr MakeRedact(const v1::Rule& rule, const std::string& secret) {
  const v1::RedactRule& redact = rule.redact();
  std::vector<PrivateKind> kinds;
  for (int i = 0; i < redact.what_size(); ++i) {
    const auto kind = ParsePrivateKind(redact.what(i));
    if (!kind) return ActionError{Path("what", i), "is not one of user ipv4 ipv6 mac card email"};
    kinds.push_back(*kind);
  }
  std::vector<std::shared_ptr<const re2::RE2>> patterns;
  for (int i = 0; i < redact.patterns_size(); ++i) {
    auto pattern = CompilePattern(redact.patterns(i));
    if (!pattern) return ActionError{Path("patterns", i), std::move(pattern).error()};
    patterns.push_back(std::move(*pattern));
  }
  const Hiding hiding = redact.with() == "mask"   ? Hiding::kMask
                        : redact.with() == "hash" ? Hiding::kHash
                                                  : Hiding::kLabel;
  return ActionPtr(std::make_unique<Redact>(Redactor(std::move(kinds), std::move(patterns), hiding, secret),
                                            redact.hostname()));
}

}  // namespace cistern
