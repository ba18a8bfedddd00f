#include "storage/filter/regex_parser.h"

#include "storage/words.h"

namespace cistern::filter {
namespace {

using Bytes = std::bitset<256>;

constexpr int kMaxDepth = 64;
constexpr unsigned kMaxRepeat = 1000;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlpha(char c) { return FoldByte(c) >= 'a' && FoldByte(c) <= 'z'; }

void AddRange(unsigned first, unsigned last, Bytes& bytes) {
  for (unsigned byte = first; byte <= last; ++byte) bytes.set(byte);
}

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  const char folded = FoldByte(c);
  return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

class RegexParser {
 public:
  RegexParser(std::string_view pattern, bool ignore_case) : rest_(pattern), ignore_case_(ignore_case) {}

  std::optional<RegexNode> Parse() {
    RegexNode node = Either();
    if (!rest_.empty()) failed_ = true;
    if (failed_) return std::nullopt;
    return node;
  }

 private:
  bool At(char c) const { return !rest_.empty() && rest_[0] == c; }
  bool Take(char c) {
    if (!At(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  char TakeAny() {
    if (rest_.empty()) {
      failed_ = true;
      return '\0';
    }
    const char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }

  RegexNode Either();
  RegexNode Sequence();
  RegexNode Repeated();
  RegexNode Atom();
  RegexNode Group();
  bool TakeRepeat(unsigned& min, unsigned& max);
  bool TakeBraces(unsigned& min, unsigned& max);
  bool TakeNumber(std::string_view& from, unsigned& number) const;
  Bytes Class();
  // What stands behind a backslash; `one`: it is a single byte.
  Bytes Escape(bool& one);
  Bytes HexEscape();
  Bytes One(char c);
  void AddFolded(Bytes& bytes) const;

  std::string_view rest_;
  const bool ignore_case_;
  bool failed_ = false;
  int depth_ = 0;
};

RegexNode RegexParser::Either() {
  RegexNode node{.kind = RegexNode::Kind::kEither, .parts = {}};
  do node.parts.push_back(Sequence());
  while (!failed_ && Take('|'));
  return node;
}

RegexNode RegexParser::Sequence() {
  RegexNode node{.kind = RegexNode::Kind::kSequence, .parts = {}};
  while (!failed_ && !rest_.empty() && !At('|') && !At(')')) node.parts.push_back(Repeated());
  return node;
}

RegexNode RegexParser::Repeated() {
  RegexNode node = Atom();
  unsigned min = 0, max = 0;
  if (failed_ || !TakeRepeat(min, max)) return node;
  Take('?');  // lazy: matches the same texts
  RegexNode repeat{.kind = RegexNode::Kind::kRepeat, .min = min, .max = max};
  repeat.parts.push_back(std::move(node));
  if (TakeRepeat(min, max)) failed_ = true;
  return repeat;
}

bool RegexParser::TakeRepeat(unsigned& min, unsigned& max) {
  min = 0;
  max = RegexNode::kUnlimited;
  if (Take('*')) return true;
  if (Take('+')) {
    min = 1;
    return true;
  }
  if (Take('?')) {
    max = 1;
    return true;
  }
  return TakeBraces(min, max);
}

// `{2}` `{2,}` `{2,5}`; any other brace is text.
bool RegexParser::TakeBraces(unsigned& min, unsigned& max) {
  if (!At('{')) return false;
  std::string_view rest = rest_.substr(1);
  if (!TakeNumber(rest, min)) return false;
  max = min;
  if (rest.starts_with(',')) {
    rest.remove_prefix(1);
    if (!TakeNumber(rest, max)) max = RegexNode::kUnlimited;
  }
  if (!rest.starts_with('}')) return false;
  rest_ = rest.substr(1);
  if (min > kMaxRepeat || (max != RegexNode::kUnlimited && (max > kMaxRepeat || max < min))) failed_ = true;
  return true;
}

bool RegexParser::TakeNumber(std::string_view& from, unsigned& number) const {
  if (from.empty() || !IsDigit(from[0])) return false;
  for (number = 0; !from.empty() && IsDigit(from[0]); from.remove_prefix(1))
    if (number <= kMaxRepeat) number = number * 10 + static_cast<unsigned>(from[0] - '0');
  return true;
}

RegexNode RegexParser::Atom() {
  const char c = TakeAny();
  RegexNode node{.kind = RegexNode::Kind::kBytes, .parts = {}};
  switch (c) {
    case '(':
      return Group();
    case '[':
      node.bytes = Class();
      break;
    case '.':
      node.bytes.set().reset('\n');
      break;
    case '\\': {
      bool one = false;
      node.bytes = Escape(one);
      break;
    }
    case '^':
    case '$':
    case '*':
    case '+':
    case '?':
      failed_ = true;
      break;
    default:
      node.bytes = One(c);
  }
  return node;
}

RegexNode RegexParser::Group() {
  if (Take('?') && !Take(':')) failed_ = true;
  if (++depth_ > kMaxDepth) failed_ = true;
  if (failed_) return {};
  RegexNode node = Either();
  --depth_;
  if (!Take(')')) failed_ = true;
  return node;
}

Bytes RegexParser::One(char c) {
  if (static_cast<unsigned char>(c) >= 0x80) failed_ = true;
  Bytes bytes;
  bytes.set(static_cast<unsigned char>(c));
  AddFolded(bytes);
  return bytes;
}

void RegexParser::AddFolded(Bytes& bytes) const {
  if (!ignore_case_) return;
  for (unsigned c = 'a'; c <= 'z'; ++c) {
    if (!bytes[c] && !bytes[c ^ 0x20]) continue;
    bytes.set(c);
    bytes.set(c ^ 0x20);
  }
}

Bytes RegexParser::Escape(bool& one) {
  constexpr std::string_view kNames = "afnrtv", kMeant = "\a\f\n\r\t\v";
  const char c = TakeAny();
  one = true;
  if (c == 'x') return HexEscape();
  if (const auto at = kNames.find(c); at != std::string_view::npos) return One(kMeant[at]);
  if (!IsAlpha(c) && !IsDigit(c)) return One(c);
  one = false;
  Bytes bytes;
  switch (FoldByte(c)) {
    case 'w':
      bytes.set('_');
      AddRange('a', 'z', bytes);
      AddRange('A', 'Z', bytes);
      [[fallthrough]];
    case 'd':
      AddRange('0', '9', bytes);
      break;
    case 's':
      for (const char blank : std::string_view("\t\n\f\r ")) bytes.set(static_cast<unsigned char>(blank));
      break;
    default:
      failed_ = true;
  }
  return c <= 'Z' ? ~bytes : bytes;
}

Bytes RegexParser::HexEscape() {
  const int high = HexValue(TakeAny()), low = HexValue(TakeAny());
  if (high >= 0 && low >= 0) return One(static_cast<char>(high * 16 + low));
  failed_ = true;
  return {};
}

Bytes RegexParser::Class() {
  Bytes bytes;
  const bool negated = Take('^');
  for (bool first = true; !failed_ && (first || !At(']')); first = false) {
    if (rest_.starts_with("[:")) failed_ = true;
    const char c = TakeAny();
    bool one = true;
    const Bytes from = c == '\\' ? Escape(one) : One(c);
    bytes |= from;
    if (c == '-' && !first && !At(']')) failed_ = true;
    if (!At('-') || rest_.size() < 2 || rest_[1] == ']') continue;
    Take('-');
    const char end = TakeAny();
    bool one_end = true;
    const Bytes to = end == '\\' ? Escape(one_end) : One(end);
    if (!one || !one_end || failed_) {
      failed_ = true;
      return {};
    }
    // With both cases set the range would begin with the wrong one.
    const auto edge = [&](const Bytes& set, char written) {
      if (written != '\\') return static_cast<unsigned>(static_cast<unsigned char>(written));
      return static_cast<unsigned>(set._Find_first());
    };
    if (ignore_case_ && (c == '\\' || end == '\\')) failed_ = true;
    AddRange(edge(from, c), edge(to, end), bytes);
  }
  Take(']');
  AddFolded(bytes);
  return negated ? ~bytes : bytes;
}

}  // namespace

std::optional<RegexNode> ParseRegex(std::string_view pattern, bool ignore_case) {
  return RegexParser(pattern, ignore_case).Parse();
}

}  // namespace cistern::filter
