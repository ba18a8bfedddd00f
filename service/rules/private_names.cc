// Names of users and addresses of mail.
#include <algorithm>
#include <array>
#include <optional>

#include "service/rules/private_data.h"
#include "storage/words.h"

namespace cistern {
namespace {

// A name follows.
constexpr std::array<std::string_view, 12> kLeads{"user",    "username", "login",   "account",
                                                  "acct",    "for",      "logname", "ruser",
                                                  "invalid", "illegal",  "unknown", "usr"};
// Behind a blank these are no names.
constexpr std::array<std::string_view, 32> kNoNames{
    "a",       "an",      "and",  "as",  "at",  "attempt",  "attempts", "by",
    "failed",  "failure", "from", "has", "id",  "in",       "is",       "key",
    "name",    "not",     "of",   "on",  "or",  "password", "session",  "successful",
    "success", "the",     "this", "to",  "via", "was",      "with",     "your"};

template <class Words>
bool IsOneOf(const Words& words, std::string_view folded) {
  return std::find(words.begin(), words.end(), folded) != words.end();
}

bool IsNameByte(char c) {
  return IsWordByte(c) || c == '.' || c == '-' || c == '@' || c == '\\' || c == '$' || c == '+';
}

// What stands between a word such as `user` and the name.
struct Gap {
  std::size_t end = 0;
  bool assigned = false;  // `user=`, `user: `
  char quote = 0;         // the name stands in quotes
};

std::optional<Gap> TakeGap(std::string_view text, std::size_t begin) {
  constexpr std::size_t kLongest = 4;
  Gap gap{begin, false, 0};
  while (gap.end < text.size() && gap.end - begin < kLongest) {
    const char c = text[gap.end];
    // `logname= uid=0`: there is no value.
    if (c == ' ' && gap.end == begin + 1 && text[begin] == '=') return std::nullopt;
    if (c == '=' || c == ':') {
      gap.assigned = true;
    } else if (c == '"' || c == '\'') {
      gap.quote = c;
    } else if (c != ' ' && c != '[' && c != '(' && c != '<') {
      break;
    }
    ++gap.end;
    if (gap.quote != 0) break;
  }
  if (gap.end == begin) return std::nullopt;
  return gap;
}

// The end of the name that begins at the end of `gap`.
std::size_t NameEnd(std::string_view text, const Gap& gap) {
  if (gap.quote != 0) return std::min(text.find(gap.quote, gap.end), text.size());
  std::size_t end = gap.end;
  while (end < text.size() && IsNameByte(text[end])) ++end;
  while (end > gap.end && (text[end - 1] == '.' || text[end - 1] == '-')) --end;
  return end;
}

bool IsMailByte(char c) {
  return (IsWordByte(c) || c == '.' || c == '+' || c == '-' || c == '%') && c != '@';
}

}  // namespace

void FindUsers(std::string_view text, std::vector<PrivateSpan>& spans) {
  for (std::size_t i = 0; i < text.size();) {
    if (!IsWordByte(text[i])) {
      ++i;
      continue;
    }
    const std::size_t begin = i;
    while (i < text.size() && IsWordByte(text[i])) ++i;
    if (i - begin > 8 || !IsOneOf(kLeads, Folded(text.substr(begin, i - begin)))) continue;
    const auto gap = TakeGap(text, i);
    if (!gap) continue;
    const std::size_t end = NameEnd(text, *gap);
    if (end == gap->end) continue;
    const std::string name = Folded(text.substr(gap->end, std::min<std::size_t>(end - gap->end, 16)));
    const bool bare = !gap->assigned && gap->quote == 0;
    if (bare && (IsOneOf(kLeads, name) || IsOneOf(kNoNames, name))) continue;
    spans.push_back({gap->end, end, PrivateKind::kUser});
    i = end;
  }
}

void FindEmails(std::string_view text, std::vector<PrivateSpan>& spans) {
  std::size_t behind = 0;  // the last one that was found
  for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    std::size_t begin = at, end = at + 1;
    while (begin > behind && IsMailByte(text[begin - 1])) --begin;
    while (end < text.size() && (IsWordByte(text[end]) || text[end] == '.' || text[end] == '-')) ++end;
    while (end > at + 1 && (text[end - 1] == '.' || text[end - 1] == '-')) --end;
    const bool domain = text.substr(at + 1, end - at - 1).find('.') != std::string_view::npos;
    if (begin == at || !domain) {
      behind = std::max(behind, at + 1);
      continue;
    }
    spans.push_back({begin, end, PrivateKind::kEmail});
    behind = end;
  }
}

}  // namespace cistern
