#include "storage/filter/predicate.h"

namespace cistern::filter {
namespace {

template <class Test>
void ForEachSelected(const Rows& rows, const Test& test) {
  std::uint8_t* selected = rows.selected.data();
  for (std::size_t i = rows.begin; i < rows.end; ++i) {
    if (selected[i]) selected[i] = static_cast<std::uint8_t>(test(i));
  }
}

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
  void Narrow(const Rows& rows) const override {
    const StringColumn column = rows.view.Strings(column_);
    const auto test = [&](std::size_t value) { return matcher_->Matches(column.values[value]); };
    if (column.codes.empty()) {
      ForEachSelected(rows, test);
    } else {
      NarrowByCode(rows, column.codes, column.values.size(), test);
    }
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
  int cost() const override { return matcher_->cost() + 4; }

 private:
  MatcherPtr matcher_;
};

class PayloadItem final : public Predicate {
 public:
  PayloadItem(Payload (*extract)(const Record&), std::string key, MatcherPtr matcher)
      : extract_(extract), key_(std::move(key)), matcher_(std::move(matcher)) {}
  void Narrow(const Rows& rows) const override {
    const StringColumn text = rows.view.Strings(cisco() ? Column::kRaw : Column::kMessage);
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

PredicatePtr MakeStrings(Column column, MatcherPtr matcher) {
  return std::make_unique<Strings>(column, std::move(matcher));
}
PredicatePtr MakePeerNetwork(const IpNetwork& network) { return std::make_unique<PeerNetwork>(network); }
PredicatePtr MakePeerText(MatcherPtr matcher) { return std::make_unique<PeerText>(std::move(matcher)); }
PredicatePtr MakePayload(Payload (*extract)(const Record&), std::string key, MatcherPtr matcher) {
  return std::make_unique<PayloadItem>(extract, std::move(key), std::move(matcher));
}

}  // namespace cistern::filter
