// A detection, compiled: what it looks for, which values of a record it needs, and its texts.
//
// Immutable; threads may share it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cistern/v1/rule.pb.h"
#include "ingest/message/result.h"
#include "storage/filter/filter.h"

namespace re2 {
class RE2;
}

namespace cistern::detect {

// Text with values in it.
class EventText {
 public:
  struct Piece {
    std::string text;
    std::optional<std::size_t> slot;  // of the values of a record
    std::string name;                 // or a further value
    bool lower = false;               // in small letters
  };
  std::vector<Piece> pieces;  // the text of each, then its value

  bool names(std::string_view name) const;
};

struct Plan {
  // Filters inside a rule, by the bit of Item::marks.
  struct Inner {
    std::string name;  // of `counts`; else empty
    Filter filter;
  };
  // A pattern and, of each of its groups from 1 on, the slot; -1: none.
  struct Extract {
    std::shared_ptr<const re2::RE2> pattern;
    std::vector<int> slots;
  };
  struct Slot {
    std::string name;  // as written in canonical form
    FieldRef field;    // behind those of patterns
  };

  v1::Rule rule;
  v1::EventConfig event;
  std::uint32_t severity = 4;
  std::int64_t expires = INT64_MAX;  // ns
  bool of_events = false;
  bool counts_octets = false;
  Filter filter;
  std::optional<Filter> reset;  // what is seen as well
  std::vector<Inner> inner;
  std::vector<Slot> slots;
  std::size_t pattern_slots = 0;  // slots before are of patterns, the others fields
  std::vector<Extract> extracts;
  std::vector<std::size_t> by;  // slots
  std::optional<std::size_t> distinct, weight, top;
  EventText summary;  // no pieces: the default
  std::vector<std::pair<std::string, EventText>> fields;
  std::uint64_t fingerprint = 0;  // of all but texts and names

  // Whether a text uses this further value.
  bool uses(std::string_view name) const;
  std::size_t samples() const { return event.samples(); }
};

// The error is a sentence.
Result<std::shared_ptr<const Plan>, std::string> MakePlan(const v1::Rule& rule);

// What the rule raises; null: it is no detection.
const v1::EventConfig* EventConfigOf(const v1::Rule& rule);

// In Plan::inner of each kind: threshold: kReset, which is Plan::reset. Sequence: the steps, then `without`.
// Transaction: these, then `counts` by name. Report: `counts` by name. A filter that is not given matches
// nothing.
enum TransactionFilter : std::size_t { kBegin, kEnd, kRequire, kWithout, kStart, kCounts };
inline constexpr std::size_t kReset = 0;
inline constexpr std::size_t kMostInner = 32;

}  // namespace cistern::detect
