#include "service/forward/path_template.h"

#include <ctime>
#include <iterator>
#include <utility>

#include "ingest/message/tags.h"

namespace cistern {
namespace {

constexpr std::size_t kLongestValue = 64;
constexpr std::size_t kLongestName = 240;  // of 255 that file systems take
constexpr std::string_view kTagPrefix = "tag.";
constexpr std::string_view kNames[] = {"",         "peer",      "host", "app",   "facility", "severity",
                                       "listener", "transport", "year", "month", "day",      "hour"};

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == ':' || c == '-';
}

void AppendSafe(std::string_view value, std::string& out) {
  value = value.substr(0, kLongestValue);
  if (value.empty()) value = "none";
  bool leading = true;
  for (const char c : value) {
    leading = leading && c == '.';
    out += IsPlain(c) && !leading ? c : '_';
  }
}

std::tm CalendarOf(std::int64_t ns) {
  const std::time_t seconds = static_cast<std::time_t>(ns / 1'000'000'000 - (ns % 1'000'000'000 < 0 ? 1 : 0));
  std::tm calendar{};
  gmtime_r(&seconds, &calendar);
  return calendar;
}

void AppendTwoDigits(int value, std::string& out) {
  if (value < 10) out += '0';
  out += std::to_string(value);
}

std::string_view TagOf(const Record& record, std::string_view name) {
  TagsReader tags(record.tags);
  while (const auto tag = tags.Next()) {
    if (tag->name == name) return tag->value;
  }
  return {};
}

bool HasDotDot(std::string_view path) {
  while (!path.empty()) {
    const std::size_t cut = path.find('/');
    if (path.substr(0, cut) == "..") return true;
    if (cut == std::string_view::npos) return false;
    path.remove_prefix(cut + 1);
  }
  return false;
}

}  // namespace

Result<PathTemplate::Field, std::string> PathTemplate::FieldOf(std::string_view name) {
  for (std::size_t i = 1; i < std::size(kNames); ++i) {
    if (kNames[i] == name) return static_cast<Field>(i);
  }
  if (name.starts_with(kTagPrefix) && name.size() > kTagPrefix.size()) return Field::kTag;
  std::string known;
  for (std::size_t i = 1; i < std::size(kNames); ++i) known += (i == 1 ? "" : ", ") + std::string(kNames[i]);
  return "{" + std::string(name) + "} is not known; there are " + known + ", tag.NAME";
}

Result<PathTemplate, std::string> PathTemplate::Parse(std::string_view text) {
  if (!text.starts_with('/')) return std::string("must be an absolute path");
  if (text.ends_with('/')) return std::string("names a folder, not a file");
  if (HasDotDot(text)) return std::string("holds `..`; write the path without it");
  if (text.find('\0') != std::string_view::npos || text.find('\n') != std::string_view::npos)
    return std::string("holds a control character");
  PathTemplate path;
  while (!text.empty()) {
    const std::size_t brace = text.find_first_of("{}");
    if (brace != 0) path.pieces_.push_back({Field::kNone, std::string(text.substr(0, brace))});
    if (brace == std::string_view::npos) break;
    const std::size_t end = text.find('}', brace);
    if (text[brace] == '}' || end == std::string_view::npos)
      return std::string("has a brace without its partner");
    const std::string_view name = text.substr(brace + 1, end - brace - 1);
    const auto field = FieldOf(name);
    if (!field) return field.error();
    path.pieces_.push_back(
        {*field, *field == Field::kTag ? std::string(name.substr(kTagPrefix.size())) : ""});
    text.remove_prefix(end + 1);
  }
  if (!path.FitsFileSystem())
    return std::string("may make a name of more than 240 octets; put a `/` between the values");
  return path;
}

std::size_t PathTemplate::LongestOf(Field field) {
  constexpr std::size_t kLongestWord = 16;
  return field == Field::kPeer || field == Field::kHost || field == Field::kApp ||
                 field == Field::kListener || field == Field::kTag
             ? kLongestValue
             : kLongestWord;
}

// Leaves room for what rotation adds to a name.
bool PathTemplate::FitsFileSystem() const {
  std::size_t name = 0;
  for (const Piece& piece : pieces_) {
    const std::size_t slash = piece.text.rfind('/');
    if (piece.field != Field::kNone) {
      name += LongestOf(piece.field);
    } else if (slash == std::string::npos) {
      name += piece.text.size();
    } else {
      if (name + piece.text.find('/') > kLongestName) return false;
      name = piece.text.size() - slash - 1;
    }
    if (name > kLongestName) return false;
  }
  return true;
}

void PathTemplate::Expand(const Record& record, std::string& out) const {
  out.clear();
  for (const Piece& piece : pieces_) {
    if (piece.field == Field::kNone) {
      out += piece.text;
    } else {
      AppendField(piece, record, out);
    }
  }
}

void PathTemplate::AppendField(const Piece& piece, const Record& record, std::string& out) {
  switch (piece.field) {
    case Field::kNone:
      return;
    case Field::kPeer:
      return AppendSafe(record.peer.ToString(), out);
    case Field::kHost:
      return AppendSafe(record.hostname, out);
    case Field::kApp:
      return AppendSafe(record.app_name, out);
    case Field::kFacility:
      return AppendSafe(FacilityName(record.facility), out);
    case Field::kSeverity:
      return AppendSafe(SeverityName(record.severity), out);
    case Field::kListener:
      return AppendSafe(record.listener, out);
    case Field::kTransport:
      return AppendSafe(TransportName(record.transport), out);
    case Field::kYear:
      out += std::to_string(CalendarOf(record.received).tm_year + 1900);
      return;
    case Field::kMonth:
      return AppendTwoDigits(CalendarOf(record.received).tm_mon + 1, out);
    case Field::kDay:
      return AppendTwoDigits(CalendarOf(record.received).tm_mday, out);
    case Field::kHour:
      return AppendTwoDigits(CalendarOf(record.received).tm_hour, out);
    case Field::kTag:
      return AppendSafe(TagOf(record, piece.text), out);
  }
}

}  // namespace cistern
