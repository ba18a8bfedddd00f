// What is known of a sealed block without decoding it, and what follows from it for a filter.
//
// Everything here is exact or errs to the safe side: a value that is not listed does not occur; a word that
// MayHoldWord() denies does not occur. Hence a block, or a template's rows, can be left out unread, and a
// count can be read off where nothing is left to chance. Threads: used by one thread at a time. Lifetime:
// everything returned lives as long as the index.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "storage/batch_view.h"

namespace cistern {

// What the values of one slot have in common.
struct SlotStamp {
  // Which octets occur in the values. kHex: `a` to `f`; kLower: `g` to `z`; kJoiner: `:-/@`; kOther: whatever
  // is not named, that is blanks, more punctuation and octets >= 0x80.
  enum Class : std::uint8_t {
    kDigit = 1,
    kLower = 2,
    kUpper = 4,
    kUnderscore = 8,
    kPoint = 16,
    kOther = 32,
    kHex = 64,
    kJoiner = 128
  };
  static constexpr std::uint8_t kAllClasses = 255;
  static constexpr std::uint8_t kSeparators = kPoint | kJoiner | kOther;
  static constexpr Class ClassOf(char c) {
    if (c >= '0' && c <= '9') return kDigit;
    if (c >= 'a' && c <= 'z') return c <= 'f' ? kHex : kLower;
    if (c >= 'A' && c <= 'Z') return kUpper;
    if (c == '.') return kPoint;
    if (c == ':' || c == '-' || c == '/' || c == '@') return kJoiner;
    return c == '_' ? kUnderscore : kOther;
  }
  std::uint8_t classes = kAllClasses;
  std::uint32_t min_length = 0, max_length = UINT32_MAX;  // octets, inclusive
  std::uint32_t max_word = UINT32_MAX;                    // octets of the longest word
  // All values that occur, ascending; empty: not listed.
  std::span<const std::string_view> values = {};
};

// Text with slots: pieces[0] slot pieces[1] slot ... pieces[n]. Where a slot begins or ends, a word begins or
// ends as well, or the text does. Every word with a digit lies in a slot. Template 0 of a block, when it has
// rows, is `free text`: two empty pieces and one slot, the whole text.
struct TextTemplate {
  std::vector<std::string_view> pieces;
  std::vector<SlotStamp> slots;  // pieces.size() - 1
  std::uint32_t rows = 0;
};

struct CountedString {
  std::string_view value;
  std::uint32_t rows = 0;
};
struct CountedInt {
  std::int64_t value = 0;
  std::uint32_t rows = 0;
};

// kNone: no row matches. kAll: every row does. kSome: the rows must be looked at.
enum class Verdict : std::uint8_t { kNone, kSome, kAll };

class BlockIndex {
 public:
  virtual ~BlockIndex() = default;
  virtual std::uint64_t records() const = 0;
  // Of kId, kReceived, kTime (over rows that have one; absent when none has) and kPort; absent for others.
  struct Range {
    std::int64_t min = 0, max = 0;  // inclusive
  };
  virtual std::optional<Range> IntRange(Column column) = 0;
  // Every value and how many rows have it, for kTransport, kFormat, kFacility, kSeverity and kFlags (each
  // distinct set of bits); empty when not kept.
  virtual std::span<const CountedInt> IntValues(Column column) = 0;
  // The same for kListener, kTlsIdentity, kHostname, kAppName, kMsgid and kPeer (printed addresses); absent
  // when the block has too many different ones to keep them here. The empty value is listed as well.
  virtual std::optional<std::span<const CountedString>> StringValues(Column column) = 0;
  // Those of the message column. Their rows add up to records().
  virtual std::span<const TextTemplate> Templates() = 0;
  // Octets among which every piece of every template stands as it is: what does not occur in them occurs in
  // no piece. Cheaper than Templates(); absent where it would not be.
  virtual std::optional<std::string_view> PieceOctets() { return std::nullopt; }
  // Whether a slot of a message (free text included) may hold this word; `folded` is one whole word as of
  // words.h, folded. Says nothing about the templates' static pieces, which never hold words with digits. May
  // read from the disk.
  virtual bool MayHoldWord(std::string_view folded) = 0;
  // The same for `n1.n2.n3.n4`, four numbers joined by points that may stand inside a longer run.
  virtual bool MayHoldAddress(std::string_view dotted) = 0;
  // Whether a row of another column may have this value, folded. kProcid, and the columns of StringValues()
  // where that is absent: the whole value. kStructuredData, kTags: one word (words.h) of a parameter's or a
  // tag's value. True for every other column. May read from the disk.
  virtual bool MayHoldValue(Column, std::string_view /*folded*/) { return true; }
};

}  // namespace cistern
