// What a match of a filter needs: conditions that are cheap to test for many filters at once.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "ingest/message/ip_address.h"
#include "storage/filter/ast.h"

namespace cistern::filter {

// One condition.
struct Need {
  enum class Kind : std::uint8_t {
    kLiteral,  // the message holds `text`, whatever the case
    kValue,    // the string column is `text`, whatever the case
    kInt,      // the column of small integers is one of `ints`
    kNetwork,  // the peer is in `network`
    kTag,      // a tag has the name `tag` and the value `text`, whatever the case of the value
    kPresent,  // the string column is not empty
  };
  Kind kind = Kind::kLiteral;
  Column column = Column::kMessage;
  std::string text;  // folded
  std::string tag;
  bool word_before = false, word_behind = false;  // kLiteral: edges of words are there
  std::bitset<256> ints;
  IpNetwork network;
};

// A row matches only if one of `any` holds.
struct Needs {
  std::vector<Need> any;
  bool exact = false;  // and whenever one of them holds
};

// How many filters of a set have the same condition: one that many share tells them apart badly.
class SharedNeeds {
 public:
  // All conditions of a filter.
  void Count(const Node& node);
  std::size_t CountOf(const Need& need) const;

 private:
  static std::string KeyOf(const Need& need);
  std::unordered_map<std::string, std::size_t> counts_;
};

// Nothing: every row has to be looked at.
std::optional<Needs> NeedsOf(const Node& node, const SharedNeeds& shared);

}  // namespace cistern::filter
