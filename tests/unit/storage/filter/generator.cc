#include "tests/unit/storage/filter/generator.h"

#include <algorithm>
#include <cctype>

#include "ingest/message/tags.h"

namespace cistern::naive {
namespace {

using Kind = Expr::Kind;

constexpr std::string_view kWords[] = {
    "failed", "Password", "for", "root", "user_1", "10.0.0.1", "10", "a",    "aa",  "aaa",  "port", "22",
    "22a",    "kernel",   "é",   "x-y",  "x",      "y",        "ab", "abab", "GET", "/a/b", "0x1F"};
constexpr std::string_view kSeparators[] = {" ", " ",   " ",  "  ", ": ", "=",  ".",
                                            "-", " - ", "\t", "/",  "(",  "\"", "\\"};
constexpr std::string_view kHosts[] = {"web-01", "web-02", "WEB-03", "db.example.com", "", "a*b", "w"};
constexpr std::string_view kApps[] = {"sshd", "cron", "kernel", "SSHD", "app name", ""};
constexpr std::string_view kPeers[] = {"10.1.2.3", "10.1.3.4", "10.200.0.1", "192.0.2.9", "172.16.0.1"};

// What breaks readers of text: bytes that are no UTF-8, NUL, letters that fold to ASCII elsewhere, numbers
// joined by all there is, empty values.
const std::string kOdd[] = {"",
                            "=",
                            "a==b",
                            "x=\"y z\" 5",
                            "5=5",
                            "\xff\xfe"
                            "10\xff",
                            std::string("a\0b 22\0", 7),
                            "\xe2\x84\xaa"
                            "ernel kernel 1",
                            "10.0.0.1:22@x/5-6",
                            "1.2.3.4.5 10.10.0.0.1 010.0.0.1",
                            "aa\xc3\xa9 22",
                            "..1..2--3",
                            "user=root user=10 user=",
                            "1",
                            "\x80"};
constexpr std::string_view kNames[] = {"root", "admin", "bob7", "Failed", "user_1", "x"};
constexpr std::string_view kNumbers[] = {"1",    "22",  "10.0.0.1", "10.0.0.2", "192.168.10.1",
                                         "0x1F", "007", "65535"};

}  // namespace

std::string Generator::LogLine() {
  const auto name = [this] { return std::string(Pick(kNames)); };
  const auto number = [this] { return std::string(Pick(kNumbers)); };
  switch (Below(6)) {
    case 0:
      return "Failed password for " + name() + " from " + number() + " port " + number() + " ssh2";
    case 1:
      return "user=" + name() + " action=login id=" + number() + " result=" + name();
    case 2:
      return number() + " - " + name() + " [" + number() + "] \"GET /a/b HTTP/1.1\" " + number();
    case 3:
      return "kernel: [" + number() + "] " + name() + ": aa aaa failed" + (OneIn(3) ? " password" : "");
    case 4:
      return "Accepted password, for " + name();
    default:
      return Pick(kOdd);
  }
}

std::string Generator::Message() {
  if (OneIn(2)) return LogLine();
  if (OneIn(10)) return "{\"status\":" + std::to_string(100 * Below(6)) + ",\"text\":\"aa\"}";
  std::string message;
  for (std::size_t n = 1 + Below(9); n > 0; --n) {
    message += Pick(kWords);
    message += Pick(kSeparators);
  }
  if (OneIn(2)) message.pop_back();
  return message;
}

void Generator::AddRecord(std::vector<Record>& records) {
  Record record;
  record.id = RecordId{1000 + 3 * records.size()};
  record.received = (1'795'082'400 + static_cast<std::int64_t>(records.size())) * 1'000'000'000;
  record.time = OneIn(3) ? kNoTime : record.received - 5;
  if (!OneIn(6)) record.peer = *IpAddress::Parse(Pick(kPeers));
  record.port = static_cast<std::uint16_t>(Below(5) * 1000);
  record.facility = static_cast<Facility>(Below(24));
  record.severity = static_cast<Severity>(Below(8));
  record.hostname = Pick(kHosts);
  record.app_name = Pick(kApps);
  record.message = Keep(Message());
  if (OneIn(3))
    record.structured_data = Keep("[x@1 n=\"" + std::to_string(Below(5)) + "\" m=\"1\"][y n=\"1\"]");
  if (OneIn(3)) {
    std::string tags;
    AppendTag(tags, "user", Pick(kWords));
    record.tags = Keep(tags);
  }
  records.push_back(record);
}

// A piece of the message that begins and ends at word edges, or next to one; blanks become any separators.
std::string Generator::CutText(std::string_view message) {
  if (message.empty()) return "a";
  const auto edge = [&](std::size_t from) {
    const auto is_word = [&](std::size_t i) {
      return std::isalnum(static_cast<unsigned char>(message[i])) != 0;
    };
    while (from > 0 && from < message.size() && is_word(from) == is_word(from - 1)) --from;
    return OneIn(4) ? std::min(from + 1, message.size()) : OneIn(8) && from > 0 ? from - 1 : from;
  };
  std::size_t begin = edge(Below(message.size())), end = edge(Below(message.size()));
  if (begin > end) std::swap(begin, end);
  std::string text(
      message.substr(std::min(begin, message.size() - 1), std::max<std::size_t>(1, end - begin)));
  const bool wild = OneIn(3);
  for (char& c : text) {
    if (wild && OneIn(5)) c = OneIn(2) ? kStar : kAny;
    if (!wild && (c == ' ' || c == '\t' ||
                  (OneIn(10) && !std::isalnum(static_cast<unsigned char>(c)) && c != '_' && !(c & 0x80))))
      c = kBlank;
    if (OneIn(6) && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  if (wild && OneIn(3)) text = kStar + text;
  if (wild && OneIn(3)) text += kStar;
  for (std::size_t i = 1; i < text.size();) {
    if (text[i] == kBlank && text[i - 1] == kBlank) {
      text.erase(i, 1);
    } else {
      ++i;
    }
  }
  while (!text.empty() && text.front() == kBlank) text.erase(0, 1);
  while (!text.empty() && text.back() == kBlank) text.pop_back();
  const bool only_stars = text.find_first_not_of(kStar) == std::string::npos;  // or nothing
  return only_stars ? "a" : text;
}

// A piece of the text with some bytes as classes, some left open, some doubtful.
std::string Generator::CutRegex(std::string_view message) {
  if (message.empty()) return "a*";
  const std::size_t begin = Below(message.size());
  const std::string_view piece = message.substr(begin, 1 + Below(14));
  std::string regex = OneIn(8) ? "^" : OneIn(8) ? "\\b" : OneIn(6) ? "(?i)" : "";
  for (const char c : piece) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = std::isalnum(byte) != 0;
    if (OneIn(12)) {
      regex += OneIn(2) ? "." : OneIn(2) ? "[^ ]+" : "\\w*";
    } else if (plain) {
      regex += OneIn(8) ? std::string("[") + c + "z]" : std::string(1, c);
    } else if (c == ' ') {
      regex += OneIn(4) ? "\\s+" : " ";
    } else if (byte >= 0x80) {
      regex += c;
    } else {
      regex += byte < ' ' || c == '/' ? "." : std::string("\\") + c;
    }
    if (OneIn(20)) regex += '?';
  }
  if (OneIn(8)) regex += "|" + std::string(Pick(kNames));
  if (OneIn(8)) regex += "$";
  return regex;
}

std::string Generator::CutWhole(std::string_view value) {
  std::string text(value);
  for (char& c : text) {
    if (OneIn(6)) c = OneIn(2) ? kStar : kAny;
  }
  if (OneIn(4)) text = text.substr(0, text.size() / 2) + kStar;
  return text == std::string(1, kStar) ? "w" : text;
}

Expr Generator::Leaf(const std::vector<Record>& records) {
  const Record& record = records[Below(records.size())];
  Expr expr;
  if (OneIn(2)) {
    expr.text = CutText(record.message);
    return expr;
  }
  expr.kind =
      OneIn(3) ? Kind::kRegex : static_cast<Kind>(1 + Below(static_cast<std::size_t>(Kind::kTimeExists)));
  switch (expr.kind) {
    case Kind::kHost:
      expr.text = CutWhole(record.hostname);
      break;
    case Kind::kApp:
      expr.text = CutWhole(record.app_name);
      break;
    case Kind::kRegex:
      expr.text = CutRegex(record.message);
      break;
    case Kind::kAlternatives: {
      for (int i = 0; i < 2; ++i) {
        const std::string_view message = records[Below(records.size())].message;
        expr.children.push_back({Kind::kText, "a" + std::string(message.substr(0, 1 + Below(6)))});
        if (message.size() > 1)
          expr.children.back().text = message.substr(Below(message.size()), 1 + Below(6));
      }
      break;
    }
    case Kind::kSeverityAtLeast:
      expr.a = record.severity;
      break;
    case Kind::kFacility:
      expr.a = record.facility;
      break;
    case Kind::kIdBetween:
      expr.a = static_cast<std::int64_t>(ToInt(record.id));
      expr.b = expr.a + static_cast<std::int64_t>(Below(500));
      break;
    case Kind::kReceivedFrom:
      expr.a = record.received / 1'000'000'000;
      break;
    case Kind::kPortBelow:
      expr.a = record.port + 1;
      break;
    case Kind::kPeer:
      expr.a = std::int64_t{10} << 24 | std::int64_t{1} << 16 | std::int64_t{2} << 8 | 3;
      expr.b = static_cast<std::int64_t>(Below(33));
      break;
    case Kind::kTag:
      expr.text = CutWhole(Pick(kWords));
      break;
    case Kind::kSd:
      expr.text = std::to_string(Below(5));
      break;
    case Kind::kSdAtLeast:
      expr.a = static_cast<std::int64_t>(Below(5));
      break;
    case Kind::kJsonAtLeast:
      expr.a = static_cast<std::int64_t>(100 * Below(6));
      break;
    default:
      break;
  }
  return expr;
}

Expr Generator::AnyExpr(const std::vector<Record>& records, int depth) {
  if (depth == 0 || OneIn(3)) return Leaf(records);
  Expr expr;
  expr.kind = OneIn(4) ? Kind::kNot : OneIn(2) ? Kind::kAnd : Kind::kOr;
  for (std::size_t n = expr.kind == Kind::kNot ? 1 : 2 + Below(2); n > 0; --n) {
    expr.children.push_back(AnyExpr(records, depth - 1));
  }
  return expr;
}

}  // namespace cistern::naive
