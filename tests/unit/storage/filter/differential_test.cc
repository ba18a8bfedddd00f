// Random filters, made from the records they search, against a naive evaluator. Every run is the same: seeds
// are fixed, and a failure prints the filter and the record.
#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "ingest/message/tags.h"
#include "storage/filter/filter.h"
#include "tests/unit/storage/filter/naive_filter.h"

namespace cistern {
namespace {

using naive::Expr;
using Kind = Expr::Kind;

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}
  std::size_t Below(std::size_t n) { return random_() % n; }
  bool OneIn(std::size_t n) { return Below(n) == 0; }
  template <std::size_t N>
  std::string_view Pick(const std::string_view (&from)[N]) {
    return from[Below(N)];
  }

  void AddRecord(std::vector<Record>& records);
  Expr AnyExpr(const std::vector<Record>& records, int depth);

 private:
  std::string Message();
  std::string_view Keep(std::string text) { return texts_.emplace_back(std::move(text)); }
  Expr Leaf(const std::vector<Record>& records);
  std::string CutText(std::string_view message);
  std::string CutWhole(std::string_view value);

  std::mt19937 random_;
  std::deque<std::string> texts_;
};

constexpr std::string_view kWords[] = {
    "failed", "Password", "for", "root", "user_1", "10.0.0.1", "10", "a",    "aa",  "aaa",  "port", "22",
    "22a",    "kernel",   "é",   "x-y",  "x",      "y",        "ab", "abab", "GET", "/a/b", "0x1F"};
constexpr std::string_view kSeparators[] = {" ", " ",   " ",  "  ", ": ", "=",  ".",
                                            "-", " - ", "\t", "/",  "(",  "\"", "\\"};
constexpr std::string_view kHosts[] = {"web-01", "web-02", "WEB-03", "db.example.com", "", "a*b", "w"};
constexpr std::string_view kApps[] = {"sshd", "cron", "kernel", "SSHD", "app name", ""};
constexpr std::string_view kPeers[] = {"10.1.2.3", "10.1.3.4", "10.200.0.1", "192.0.2.9", "172.16.0.1"};

std::string Generator::Message() {
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
  const auto edge = [&](std::size_t from) {
    const auto is_word = [&](std::size_t i) {
      return std::isalnum(static_cast<unsigned char>(message[i])) != 0;
    };
    while (from > 0 && from < message.size() && is_word(from) == is_word(from - 1)) --from;
    return from + (OneIn(4) ? 1 : 0);
  };
  std::size_t begin = edge(Below(message.size())), end = edge(Below(message.size()));
  if (begin > end) std::swap(begin, end);
  std::string text(
      message.substr(std::min(begin, message.size() - 1), std::max<std::size_t>(1, end - begin)));
  const bool wild = OneIn(3);
  for (char& c : text) {
    if (wild && OneIn(5)) c = OneIn(2) ? naive::kStar : naive::kAny;
    if (!wild && (c == ' ' || c == '\t')) c = naive::kBlank;
    if (OneIn(6) && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  if (wild && OneIn(3)) text = naive::kStar + text;
  if (wild && OneIn(3)) text += naive::kStar;
  for (std::size_t i = 1; i < text.size();) {
    if (text[i] == naive::kBlank && text[i - 1] == naive::kBlank) {
      text.erase(i, 1);
    } else {
      ++i;
    }
  }
  while (!text.empty() && text.front() == naive::kBlank) text.erase(0, 1);
  while (!text.empty() && text.back() == naive::kBlank) text.pop_back();
  const bool only_stars = text.find_first_not_of(naive::kStar) == std::string::npos;  // or nothing
  return only_stars ? "a" : text;
}

std::string Generator::CutWhole(std::string_view value) {
  std::string text(value);
  for (char& c : text) {
    if (OneIn(6)) c = OneIn(2) ? naive::kStar : naive::kAny;
  }
  if (OneIn(4)) text = text.substr(0, text.size() / 2) + naive::kStar;
  return text == std::string(1, naive::kStar) ? "w" : text;
}

Expr Generator::Leaf(const std::vector<Record>& records) {
  const Record& record = records[Below(records.size())];
  Expr expr;
  if (OneIn(2)) {
    expr.text = CutText(record.message);
    return expr;
  }
  expr.kind = static_cast<Kind>(1 + Below(static_cast<std::size_t>(Kind::kTimeExists)));
  switch (expr.kind) {
    case Kind::kHost:
      expr.text = CutWhole(record.hostname);
      break;
    case Kind::kApp:
      expr.text = CutWhole(record.app_name);
      break;
    case Kind::kAlternatives: {
      for (int i = 0; i < 2; ++i) {
        const std::string_view message = records[Below(records.size())].message;
        expr.children.push_back(
            {Kind::kText, std::string(message.substr(Below(message.size()), 1 + Below(6)))});
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

// The same records with strings behind codes, as a stored batch holds them.
class CodedView final : public BatchView {
 public:
  explicit CodedView(std::span<const Record> records) : plain_(records) {}
  std::size_t size() const override { return plain_.size(); }
  std::span<const std::int64_t> Ints(Column column) override { return plain_.Ints(column); }
  StringColumn Strings(Column column) override {
    const StringColumn plain = plain_.Strings(column);
    auto& [values, codes] = columns_[static_cast<std::size_t>(column)];
    for (std::size_t row = codes.size(); row < size(); ++row) {
      const auto known = std::find(values.begin(), values.end(), plain[row]);
      codes.push_back(static_cast<std::uint32_t>(known - values.begin()));
      if (known == values.end()) values.push_back(plain[row]);
    }
    return {values, codes};
  }
  PeerColumn Peers() override { return plain_.Peers(); }
  Record Row(std::size_t row) override { return plain_.Row(row); }

 private:
  struct Coded {
    std::vector<std::string_view> values;
    std::vector<std::uint32_t> codes;
  };
  RecordsView plain_;
  Coded columns_[static_cast<std::size_t>(Column::kPeer) + 1];
};

class FilterDifferential : public testing::TestWithParam<unsigned> {};

TEST_P(FilterDifferential, AgreesWithTheNaiveEvaluator) {
  Generator generator(GetParam());
  std::vector<Record> records;
  while (records.size() < 150) generator.AddRecord(records);
  RecordsView plain(records);
  CodedView coded(records);
  std::size_t matched = 0;
  for (int round = 0; round < 500; ++round) {
    const Expr expr = generator.AnyExpr(records, 3);
    const std::string text = naive::Print(expr);
    const auto filter = Filter::Parse(text);
    ASSERT_TRUE(filter) << text << "\n" << filter.error().ToString();
    const auto again = Filter::Parse(filter->ToString());
    ASSERT_TRUE(again) << text << "\n" << filter->ToString() << "\n" << again.error().ToString();
    Selection selection, from_codes, from_canonical;
    filter->Evaluate(plain, selection);
    filter->Evaluate(coded, from_codes);
    again->Evaluate(plain, from_canonical);
    ASSERT_EQ(selection, from_codes) << text;
    ASSERT_EQ(selection, from_canonical) << text << "\n" << filter->ToString();
    for (std::size_t row = 0; row < records.size(); ++row) {
      ASSERT_EQ(selection[row] != 0, naive::Matches(expr, records[row])) << text << "\n"
                                                                         << records[row].message;
      matched += selection[row];
      const auto& bounds = filter->bounds();
      if (selection[row]) {
        ASSERT_TRUE(ToInt(records[row].id) >= bounds.id_min && ToInt(records[row].id) <= bounds.id_max);
        ASSERT_TRUE(records[row].received >= bounds.received_min &&
                    records[row].received <= bounds.received_max);
      }
    }
  }
  // Filters that match nothing or everything would prove little.
  EXPECT_GT(matched, 500u * records.size() / 20);
  EXPECT_LT(matched, 500u * records.size() * 19 / 20);
}

INSTANTIATE_TEST_SUITE_P(Seeds, FilterDifferential, testing::Range(1u, 13u));

}  // namespace
}  // namespace cistern
