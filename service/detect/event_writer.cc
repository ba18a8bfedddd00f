#include "service/detect/event_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "proto/convert/record.h"
#include "proto/convert/utf8.h"
#include "storage/query/field_values.h"

namespace cistern::detect {
namespace {

constexpr std::size_t kLongestText = 8192;  // of a summary or a field, octets

void MakeLower(std::string& text, std::size_t begin) {
  for (std::size_t i = begin; i < text.size(); ++i)
    if (text[i] >= 'A' && text[i] <= 'Z') text[i] = static_cast<char>(text[i] - 'A' + 'a');
}

}  // namespace

std::string TimeText(std::int64_t ns) {
  std::string out;
  query::IntFieldValues(Column::kReceived, ns, [&](std::string_view text) { out = text; });
  if (!out.empty()) out.pop_back();
  while (out.ends_with('0')) out.pop_back();
  if (out.ends_with('.')) out.pop_back();
  return out + 'Z';
}

std::string DurationText(std::int64_t ns) {
  const std::int64_t micros = std::max<std::int64_t>(ns, 0) / 1000, seconds = micros / 1'000'000;
  return fmt::format("{}:{:02}:{:02}.{:06}", seconds / 3600, seconds / 60 % 60, seconds % 60,
                     micros % 1'000'000);
}

std::string NumberText(double number) { return fmt::format("{:.6g}", number); }

std::string EventWriter::Render(const EventText& text, const Happening& happening) const {
  std::string out;
  const auto named = [&](std::string_view name) -> std::string {
    if (name == "count") return std::to_string(happening.count);
    if (name == "first") return TimeText(happening.first);
    if (name == "last") return TimeText(happening.last);
    if (name == "key") return std::string(happening.key);
    const auto found = std::find_if(happening.extras.begin(), happening.extras.end(),
                                    [&](const auto& extra) { return extra.first == name; });
    return found == happening.extras.end() ? std::string() : found->second;
  };
  for (const EventText::Piece& piece : text.pieces) {
    out += piece.text;
    const std::size_t begin = out.size();
    if (piece.slot && happening.values && *piece.slot < happening.values->size())
      out += (*happening.values)[*piece.slot];
    if (!piece.name.empty()) out += named(piece.name);
    if (piece.lower) MakeLower(out, begin);
    if (out.size() > kLongestText) break;
  }
  return out.size() <= kLongestText ? out : ToUtf8(std::string_view(out).substr(0, kLongestText));
}

void EventWriter::Raise(const Happening& happening) {
  const std::string key(happening.key);
  v1::Event event;
  event.set_rule(plan_.rule.name());
  event.set_severity(plan_.severity);
  event.set_key(key);
  event.set_summary(plan_.summary.pieces.empty()
                        ? key.empty() ? plan_.rule.name() : plan_.rule.name() + ": " + key
                        : Render(plan_.summary, happening));
  event.mutable_summary()->append(happening.remark);
  for (const auto& [name, text] : plan_.fields) (*event.mutable_fields())[name] = Render(text, happening);
  const std::size_t kept = std::min(plan_.samples(), happening.record_ids.size());
  event.mutable_record_ids()->Add(happening.record_ids.end() - static_cast<std::ptrdiff_t>(kept),
                                  happening.record_ids.end());
  ToProto(happening.first, event.mutable_first_time());
  ToProto(happening.last, event.mutable_last_time());
  event.set_count(happening.count);
  written_.push_back({happening.at, {EventChange::Kind::kRaise, std::move(event)}});
  added_.erase(key);
  ++raised_;
  Expect(key, happening.at);
}

void EventWriter::Add(const Happening& happening) {
  const std::string key(happening.key);
  const auto [place, is_new] = added_.try_emplace(key, written_.size());
  if (is_new) {
    v1::Event event;
    event.set_rule(plan_.rule.name());
    event.set_key(key);
    written_.push_back({happening.at, {EventChange::Kind::kAdd, std::move(event)}});
  }
  v1::Event& event = written_[place->second].change.event;
  event.set_count(event.count() + happening.count);
  ToProto(happening.last, event.mutable_last_time());
  Expect(key, happening.at);
}

void EventWriter::Resolve(const std::string& key, std::int64_t at) {
  v1::Event event;
  event.set_rule(plan_.rule.name());
  event.set_key(key);
  ToProto(at, event.mutable_resolve_time());
  written_.push_back({at, {EventChange::Kind::kResolve, std::move(event)}});
  added_.erase(key);
  if (auto* entry = open_.Find(key)) open_.Erase(*entry);
}

void EventWriter::Expect(const std::string& key, std::int64_t at) {
  if (plan_.event.resolve_after() == 0) return;
  open_.SetDue(open_.Touch(key, at), at + plan_.event.resolve_after());
}

void EventWriter::RunTimer() {
  const std::int64_t at = open_.NextDue();
  const std::string key = open_.TakeDue().key;
  Resolve(key, at);
}

std::vector<EventWriter::Written> EventWriter::Take() {
  added_.clear();
  return std::exchange(written_, {});
}

void EventWriter::Save(v1::StoredDetection& out) const {
  open_.Save(*out.mutable_open());
  out.set_events(raised_);
}

bool EventWriter::Load(const v1::StoredDetection& in) {
  raised_ = in.events();
  return open_.Load(in.open());
}

}  // namespace cistern::detect
