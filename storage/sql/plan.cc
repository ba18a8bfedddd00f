#include "storage/sql/plan.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>

#include "ingest/message/record.h"
#include "storage/sql/columns.h"

namespace cistern::sql {
namespace {

constexpr char kMatchOp = 'M';
constexpr int kNewestFirst = 1;

// One character for each operator that may help; 0 for the others.
char OperatorCode(unsigned char op) {
  switch (op) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
      return '=';
    case SQLITE_INDEX_CONSTRAINT_GT:
      return '>';
    case SQLITE_INDEX_CONSTRAINT_GE:
      return 'G';
    case SQLITE_INDEX_CONSTRAINT_LT:
      return '<';
    case SQLITE_INDEX_CONSTRAINT_LE:
      return 'L';
    case SQLITE_INDEX_CONSTRAINT_LIKE:
      return '~';
    case SQLITE_INDEX_CONSTRAINT_MATCH:
      return kMatchOp;
    default:
      return 0;
  }
}

bool Helps(int column, char op) {
  switch (column) {
    case -1:
    case kId:
    case kTime:
    case kReceived:
    case kSeverity:
      return op != '~' && op != kMatchOp;
    case kHostname:
    case kAppName:
      return op == '=';
    case kMessage:
      return op == '~' || op == kMatchOp;
    default:
      return false;
  }
}

std::string_view Text(sqlite3_value* value) {
  if (sqlite3_value_type(value) != SQLITE_TEXT) return {};
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return {text, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

// Digits at `at`, exactly `count` of them.
std::optional<int> Number(std::string_view text, std::size_t at, std::size_t count) {
  int number = 0;
  if (text.size() < at + count) return std::nullopt;
  const auto [end, code] = std::from_chars(text.data() + at, text.data() + at + count, number);
  if (code != std::errc() || end != text.data() + at + count || text[at] == '-') return std::nullopt;
  return number;
}

// The first instant whose SqlTime begins with `text`: a date, or a date and a time down to any digit.
std::optional<std::int64_t> Instant(std::string_view text) {
  constexpr std::string_view kWhole = "0000-01-01 00:00:00.000000000";
  if (text.size() != 10 && text.size() != 16 && text.size() != 19 && (text.size() < 21 || text.size() > 29))
    return std::nullopt;
  std::string whole(text);
  whole += kWhole.substr(text.size());
  for (const std::size_t at : {4, 7, 10, 13, 16, 19})
    if (whole[at] != kWhole[at]) return std::nullopt;
  const auto year = Number(whole, 0, 4), month = Number(whole, 5, 2), day = Number(whole, 8, 2);
  const auto hour = Number(whole, 11, 2), minute = Number(whole, 14, 2), second = Number(whole, 17, 2);
  const auto fraction = Number(whole, 20, 9);
  if (!year || !month || !day || !hour || !minute || !second || !fraction) return std::nullopt;
  if (*year < 1678 || *year > 2261 || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  const auto date = std::chrono::year(*year) / *month / *day;
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return (((days * 24 + *hour) * 60 + *minute) * 60 + *second) * 1'000'000'000 + *fraction;
}

bool IsPlain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view(" _-:=@,").find(c) != std::string_view::npos;
}

// The longest piece of a LIKE pattern that a message must hold; empty when it is too short to help.
std::string LongestPiece(std::string_view pattern) {
  std::string_view best;
  for (std::size_t at = 0; at < pattern.size();) {
    std::size_t end = at;
    while (end < pattern.size() && IsPlain(pattern[end]) && pattern[end] != '_') ++end;
    if (end - at > best.size()) best = pattern.substr(at, end - at);
    at = end + 1;
  }
  return best.size() < 3 ? std::string() : std::string(best);
}

class Builder {
 public:
  void Add(int column, char op, sqlite3_value* value) {
    switch (column) {
      case kMessage:
        return op == kMatchOp ? AddMatch(value) : AddLike(Text(value));
      case kHostname:
        return AddEqual("hostname", Text(value));
      case kAppName:
        return AddEqual("app_name", Text(value));
      case kTime:
        return AddTime(op, Text(value));
      case kReceived:
        return AddReceived(op, Text(value));
      case kSeverity:
        return AddNumber("severity", op, value, 0, 7);
      default:
        return AddNumber("id", op, value, 0, INT64_MAX);
    }
  }

  QueryOptions Finish(std::string& wrong) {
    std::string text = pruning_;
    if (!match_.empty()) text = "(" + match_ + ")" + (pruning_.empty() ? "" : " AND " + pruning_);
    if (text.size() > Filter::kMaxLength) text = match_;
    // Alone first: the byte offset in the message counts from its start.
    wrong = wrong_;
    const auto alone = Filter::Parse(match_);
    if (!alone) {
      wrong = alone.error().ToString();
      return query_;
    }
    const auto whole = Filter::Parse(text);
    query_.filter = whole ? *whole : *alone;
    return query_;
  }

 private:
  void And(const std::string& term) { pruning_ += (pruning_.empty() ? "" : " AND ") + term; }

  void AddMatch(sqlite3_value* value) {
    if (sqlite3_value_type(value) != SQLITE_TEXT) wrong_ = "needs a text";
    if (match_.empty()) {
      match_ = Text(value);
    } else {
      match_ = "(" + match_ + ") AND (" + std::string(Text(value)) + ")";
    }
  }

  void AddLike(std::string_view pattern) {
    if (const std::string piece = LongestPiece(pattern); !piece.empty()) And("message:/" + piece + "/i");
  }

  void AddEqual(const char* field, std::string_view value) {
    const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
      return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '*' && c != '?';
    });
    if (plain) And(std::string(field) + ":\"" + std::string(value) + "\"");
  }

  // In the filter language more severe is greater; its code is less.
  void AddNumber(const char* field, char op, sqlite3_value* value, std::int64_t least, std::int64_t most) {
    if (sqlite3_value_type(value) != SQLITE_INTEGER) return;
    const std::int64_t number = sqlite3_value_int64(value);
    if (number < least || number > most) return;
    const bool turned = most == 7;
    const bool less = op == '<' || op == 'L';
    const char* sign = op == '=' ? "" : less != turned ? "<=" : ">=";
    And(std::string(field) + ":" + sign + std::to_string(number));
  }

  void AddReceived(char op, std::string_view text) {
    const auto instant = Instant(text);
    if (!instant) return;
    if (op != '<' && op != 'L') query_.from = std::max(query_.from, *instant);
    if (op != '>' && op != 'G') query_.to = std::min(query_.to, *instant + 1);
  }

  void AddTime(char op, std::string_view text) {
    const auto instant = Instant(text);
    if (!instant) return;
    std::string written = SqlTime(*instant) + "Z";
    written[10] = 'T';
    if (op != '<' && op != 'L') And("time:>=" + written);
    if (op != '>' && op != 'G') And("time:<=" + written);
  }

  QueryOptions query_;
  std::string match_, pruning_, wrong_;
};

}  // namespace

int ChoosePlan(sqlite3_index_info* info) {
  std::string choice;
  double cost = 1e9;
  for (int i = 0; i < info->nConstraint; ++i) {
    const auto& constraint = info->aConstraint[i];
    const char op = OperatorCode(constraint.op);
    if (op == 0 || !Helps(constraint.iColumn, op)) continue;
    if (constraint.usable == 0) {
      if (op == kMatchOp) return SQLITE_CONSTRAINT;  // nobody else can answer it
      continue;
    }
    auto& usage = info->aConstraintUsage[i];
    choice += static_cast<char>('a' + std::max(constraint.iColumn, 0));
    choice += op;
    usage.argvIndex = static_cast<int>(choice.size() / 2);
    usage.omit = op == kMatchOp ? 1 : 0;
    const bool one_row = constraint.iColumn <= 0 && op == '=';
    cost = std::max(1.0, one_row ? 10.0 : cost / 10);
  }
  const bool by_id = info->nOrderBy == 1 && info->aOrderBy[0].iColumn <= 0;
  if (by_id) info->orderByConsumed = 1;
  info->idxNum = by_id && info->aOrderBy[0].desc != 0 ? kNewestFirst : 0;
  info->idxNum |= static_cast<int>((info->colUsed & kAllColumns) << 1);
  info->idxStr = sqlite3_mprintf("%s", choice.c_str());
  info->needToFreeIdxStr = 1;
  info->estimatedCost = cost;
  info->estimatedRows = static_cast<sqlite3_int64>(cost / 10) + 1;
  return info->idxStr == nullptr ? SQLITE_NOMEM : SQLITE_OK;
}

ColumnMask UsedColumns(int number) { return static_cast<ColumnMask>(number) >> 1; }

QueryOptions MakeQuery(int number, std::string_view choice, sqlite3_value** values, std::string& wrong) {
  Builder builder;
  for (std::size_t i = 0; i + 1 < choice.size(); i += 2) {
    builder.Add(choice[i] - 'a', choice[i + 1], values[i / 2]);
  }
  QueryOptions query = builder.Finish(wrong);
  query.order = (number & kNewestFirst) != 0 ? ScanOrder::kNewestFirst : ScanOrder::kOldestFirst;
  return query;
}

}  // namespace cistern::sql
