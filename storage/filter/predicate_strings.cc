#include "storage/filter/predicate.h"

namespace cistern::filter {
namespace {

// Asks `test` once for each code that a selected row has.
template <class Test>
void NarrowByCode(const Rows& rows, std::span<const std::uint32_t> codes, std::size_t values,
                  const Test& test) {
  constexpr std::uint8_t kUnknown = 2;
  std::vector<std::uint8_t> matches(values, kUnknown);
  ForEachSelected(rows, [&](std::size_t row) {
    std::uint8_t& match = matches[codes[row]];
    if (match == kUnknown) match = static_cast<std::uint8_t>(test(codes[row]));
    return match;
  });
}

class Strings final : public Predicate {
 public:
  Strings(Column column, MatcherPtr matcher) : column_(column), matcher_(std::move(matcher)) {}
  void Narrow(const Rows& rows) const override { NarrowStrings(rows, column_, *matcher_); }
  Verdict JudgeBlock(BlockIndex& index, Ask) const override {
    const auto values = index.StringValues(column_);
    if (!values) return Verdict::kSome;
    return JudgeValues(*values, [this](std::string_view value) { return matcher_->Matches(value); });
  }
  // Decoding the text costs as well.
  int cost() const override { return matcher_->cost() + (column_ == Column::kRaw ? 60 : 3); }

 private:
  Column column_;
  MatcherPtr matcher_;
};

class PeerNetwork final : public Predicate {
 public:
  explicit PeerNetwork(const IpNetwork& network) : network_(network) {}
  void Narrow(const Rows& rows) const override {
    const auto peers = rows.view.Peers();
    NarrowByCode(rows, peers.codes, peers.values.size(), [&](std::size_t value) {
      return peers.values[value].present() && network_.Contains(peers.values[value]);
    });
  }
  Verdict JudgeBlock(BlockIndex& index, Ask) const override {
    const auto values = index.StringValues(Column::kPeer);
    if (!values) return Verdict::kSome;
    return JudgeValues(*values, [this](std::string_view value) {
      const auto address = IpAddress::Parse(value);
      return address && network_.Contains(*address);
    });
  }
  int cost() const override { return 3; }

 private:
  IpNetwork network_;
};

class PeerText final : public Predicate {
 public:
  explicit PeerText(MatcherPtr matcher) : matcher_(std::move(matcher)) {}
  void Narrow(const Rows& rows) const override {
    const auto peers = rows.view.Peers();
    NarrowByCode(rows, peers.codes, peers.values.size(), [&](std::size_t value) {
      return peers.values[value].present() && matcher_->Matches(peers.values[value].ToString());
    });
  }
  Verdict JudgeBlock(BlockIndex& index, Ask) const override {
    const auto values = index.StringValues(Column::kPeer);
    if (!values) return Verdict::kSome;
    return JudgeValues(*values,
                       [this](std::string_view value) { return !value.empty() && matcher_->Matches(value); });
  }
  int cost() const override { return matcher_->cost() + 4; }

 private:
  MatcherPtr matcher_;
};

class PayloadItem final : public Predicate {
 public:
  PayloadItem(Payload (*extract)(const Record&), std::string key, MatcherPtr matcher)
      : extract_(extract), key_(std::move(key)), matcher_(std::move(matcher)) {}
  void Narrow(const Rows& rows) const override {
    const StringColumn text =
        rows.view.StringsOf(cisco() ? Column::kRaw : Column::kMessage, rows.selected, rows.begin, rows.end);
    const StringColumn hosts = cisco() ? rows.view.Strings(Column::kHostname) : StringColumn{};
    Record record;  // only what extraction reads: other columns stay encoded
    ForEachSelected(rows, [&](std::size_t row) {
      (cisco() ? record.raw : record.message) = text[row];
      if (cisco()) record.hostname = hosts[row];
      return HasMatch(extract_(record));
    });
  }
  int cost() const override { return 1000; }

 private:
  // Cisco headers are looked for in the text as received.
  bool cisco() const { return extract_ == &ExtractCisco; }

  bool HasMatch(const Payload& payload) const {
    for (const PayloadField& field : payload.fields) {
      if (field.name == key_ && matcher_->Matches(field.value)) return true;
    }
    return false;
  }

  Payload (*extract_)(const Record&);
  std::string key_;
  MatcherPtr matcher_;
};

}  // namespace

void NarrowStrings(const Rows& rows, Column column, const Matcher& matcher) {
  const StringColumn values = rows.view.StringsOf(column, rows.selected, rows.begin, rows.end);
  const auto test = [&](std::size_t value) { return matcher.Matches(values.values[value]); };
  if (values.codes.empty()) {
    ForEachSelected(rows, test);
  } else {
    NarrowByCode(rows, values.codes, values.values.size(), test);
  }
}

PredicatePtr MakeStrings(Column column, MatcherPtr matcher) {
  return std::make_unique<Strings>(column, std::move(matcher));
}
PredicatePtr MakePeerNetwork(const IpNetwork& network) { return std::make_unique<PeerNetwork>(network); }
PredicatePtr MakePeerText(MatcherPtr matcher) { return std::make_unique<PeerText>(std::move(matcher)); }
PredicatePtr MakePayload(Payload (*extract)(const Record&), std::string key, MatcherPtr matcher) {
  return std::make_unique<PayloadItem>(extract, std::move(key), std::move(matcher));
}

}  // namespace cistern::filter
