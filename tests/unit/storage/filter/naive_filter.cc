#include "tests/unit/storage/filter/naive_filter.h"

#include <re2/re2.h>

#include <cctype>
#include <cstdlib>
#include <ctime>
#include <map>

#include "ingest/message/structured_data.h"
#include "ingest/message/tags.h"

namespace cistern::naive {
namespace {

using Kind = Expr::Kind;

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80); }
bool Same(char a, char b) {
  return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

// Whether `pattern` matches a beginning of `text` from `at`, such that `end` accepts where it ends.
template <class End>
bool MatchHere(std::string_view pattern, std::string_view text, std::size_t at, bool words, const End& end) {
  if (pattern.empty()) return end(at);
  const char p = pattern.front();
  const auto rest = pattern.substr(1);
  if (p == kStar) {
    for (;; ++at) {
      if (MatchHere(rest, text, at, words, end)) return true;
      if (at >= text.size() || (words && !IsWord(text[at]))) return false;
    }
  }
  if (p == kBlank) {
    for (; at < text.size() && !IsWord(text[at]); ++at) {
      if (MatchHere(rest, text, at + 1, words, end)) return true;
    }
    return false;
  }
  if (at >= text.size()) return false;
  if (p == kAny ? words && !IsWord(text[at]) : !Same(p, text[at])) return false;
  return MatchHere(rest, text, at + 1, words, end);
}

bool MatchesText(const std::string& pattern, std::string_view text) {
  const bool word_first = IsWord(pattern.front()) || pattern.front() == kAny;
  const bool word_last = IsWord(pattern.back()) || pattern.back() == kAny;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (word_first && at > 0 && IsWord(text[at - 1])) continue;
    const auto end = [&](std::size_t e) { return !word_last || e == text.size() || !IsWord(text[e]); };
    if (MatchHere(pattern, text, at, true, end)) return true;
  }
  return false;
}

bool MatchesWhole(const std::string& pattern, std::string_view text) {
  return MatchHere(pattern, text, 0, false, [&](std::size_t e) { return e == text.size(); });
}

bool MatchesRegex(const std::string& pattern, std::string_view text) {
  static std::map<std::string, re2::RE2> compiled;
  const auto& regex = compiled.try_emplace(pattern, pattern, re2::RE2::Latin1).first->second;
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), regex);
}

std::string Bytes(std::string_view text, bool quoted) {
  std::string printed;
  for (char c : text) {
    if (c == kStar || c == kAny) {
      printed += c == kStar ? '*' : '?';
    } else if (c == kBlank) {
      printed += ' ';
    } else {
      const bool escape = quoted ? c == '"' || c == '\\' || c == ' ' || c == '\t'
                                 : !IsWord(c) && c != '\0';  // a backslash does not escape NUL
      if (escape) printed += '\\';
      printed += c;
    }
  }
  return printed;
}

std::string Value(const std::string& text) {
  const bool wild = text.find_first_of("\x02\x03") != std::string::npos;
  return wild ? Bytes(text, false) : '"' + Bytes(text, true) + '"';
}

bool MatchesItems(const Expr& expr, const Record& record) {
  if (expr.kind == Kind::kTag) {
    TagsReader tags(record.tags);
    while (const auto tag = tags.Next()) {
      if (tag->name == "user" && MatchesWhole(expr.text, tag->value)) return true;
    }
    return false;
  }
  StructuredDataReader items(record.structured_data);
  while (const auto item = items.Next()) {
    if (item->id != "x@1" || item->name != "n") continue;
    const std::string value(item->value);
    char* end = nullptr;
    const double number = std::strtod(value.c_str(), &end);
    const bool is_number = !value.empty() && *end == '\0';
    if (expr.kind == Kind::kSd ? MatchesWhole(expr.text, value)
                               : is_number && number >= static_cast<double>(expr.a))
      return true;
  }
  return false;
}

bool InNetwork(const Expr& expr, const Record& record) {
  if (!record.peer.present()) return false;
  std::uint32_t address = 0;
  for (std::size_t i = 12; i < 16; ++i) address = address << 8 | record.peer.octets()[i];
  const auto shift = static_cast<unsigned>(32 - expr.b);
  return (static_cast<std::uint64_t>(address) >> shift) == (static_cast<std::uint64_t>(expr.a) >> shift);
}

std::string Joined(const Expr& expr, const char* word) {
  std::string text = "(";
  for (const Expr& child : expr.children) text += (text.size() > 1 ? word : "") + Print(child);
  return text + ")";
}

}  // namespace

bool Matches(const Expr& expr, const Record& record) {
  switch (expr.kind) {
    case Kind::kText:
      return MatchesText(expr.text, record.message);
    case Kind::kHost:
      return MatchesWhole(expr.text, record.hostname);
    case Kind::kApp:
      return MatchesWhole(expr.text, record.app_name);
    case Kind::kRegex:
      return MatchesRegex(expr.text, record.message);
    case Kind::kAlternatives:
      for (const Expr& child : expr.children) {
        if (record.message.find(child.text) != std::string_view::npos) return true;
      }
      return false;
    case Kind::kSeverityAtLeast:
      return record.severity <= expr.a;
    case Kind::kFacility:
      return record.facility == expr.a;
    case Kind::kIdBetween:
      return static_cast<std::int64_t>(ToInt(record.id)) >= expr.a &&
             static_cast<std::int64_t>(ToInt(record.id)) <= expr.b;
    case Kind::kReceivedFrom:
      return record.received >= expr.a * 1'000'000'000;
    case Kind::kPortBelow:
      return record.port < expr.a;
    case Kind::kPeer:
      return InNetwork(expr, record);
    case Kind::kTag:
    case Kind::kSd:
    case Kind::kSdAtLeast:
      return MatchesItems(expr, record);
    case Kind::kJsonAtLeast: {
      const auto at = record.message.find("\"status\":");
      return at != std::string_view::npos && std::atoi(record.message.data() + at + 9) >= expr.a;
    }
    case Kind::kHostExists:
      return !record.hostname.empty();
    case Kind::kTimeExists:
      return record.time != kNoTime;
    case Kind::kNot:
      return !Matches(expr.children[0], record);
    case Kind::kAnd:
    case Kind::kOr:
      break;
  }
  bool all = true, any = false;
  for (const Expr& child : expr.children) {
    const bool one = Matches(child, record);
    all = all && one;
    any = any || one;
  }
  return expr.kind == Kind::kAnd ? all : any;
}

std::string Print(const Expr& expr) {
  const std::string a = std::to_string(expr.a), b = std::to_string(expr.b);
  switch (expr.kind) {
    case Kind::kText:
      return Value(expr.text);
    case Kind::kHost:
      return "host:" + Value(expr.text);
    case Kind::kApp:
      return "app:" + Value(expr.text);
    case Kind::kAlternatives: {
      std::string text;
      for (const Expr& child : expr.children) text += (text.empty() ? "/" : "|") + Bytes(child.text, false);
      return text + "/";
    }
    case Kind::kRegex:
      return "/" + expr.text + "/";
    case Kind::kSeverityAtLeast:
      return "severity:>=" + a;
    case Kind::kFacility:
      return "facility:" + a;
    case Kind::kIdBetween:
      return "id:[" + a + " TO " + b + "]";
    case Kind::kReceivedFrom: {
      const std::time_t seconds = expr.a;
      char text[32];
      std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&seconds));
      return std::string("received:>=") + text;
    }
    case Kind::kPortBelow:
      return "port:<" + a;
    case Kind::kPeer: {
      std::string text = "peer:";
      for (int i = 3; i >= 0; --i) text += std::to_string(expr.a >> (8 * i) & 255) + (i > 0 ? "." : "/");
      return text + b;
    }
    case Kind::kTag:
      return "tag.user:" + Value(expr.text);
    case Kind::kSd:
      return "sd.x@1.n:" + Value(expr.text);
    case Kind::kSdAtLeast:
      return "sd.x@1.n:>=" + a;
    case Kind::kJsonAtLeast:
      return "json.status:>=" + a;
    case Kind::kHostExists:
      return "host:*";
    case Kind::kTimeExists:
      return "time:*";
    case Kind::kNot:
      return "NOT " + Print(expr.children[0]);
    case Kind::kAnd:
      return Joined(expr, " ");
    case Kind::kOr:
      return Joined(expr, " OR ");
  }
  return {};
}

}  // namespace cistern::naive
