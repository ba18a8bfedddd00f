// Paths of file targets: an absolute path in which values of a record stand, made safe.
//
// A value never changes which folder a path lies in: octets other than letters, digits, `.`, `_`, `:` and `-`
// become `_`, leading dots too, and an empty value is `none`. Immutable; threads may share it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/record.h"
#include "ingest/message/result.h"

namespace cistern {

class PathTemplate {
 public:
  // The error says what is wrong: not absolute, `..`, a name that is not known, a brace without its partner,
  // names that would get too long for a file system.
  static Result<PathTemplate, std::string> Parse(std::string_view text);

  // Replaces `out` by the path of a record. At most 64 octets of each value are used.
  void Expand(const Record& record, std::string& out) const;
  // Octets of the folders that no value has part in.
  std::size_t folder_size() const { return pieces_.front().text.rfind('/'); }
  // Whether what the sender wrote, or a rule found in it, ends the path, so that it may look like the name of
  // a rotated file.
  bool ends_in_sender_text() const {
    const Field last = pieces_.back().field;
    return last == Field::kHost || last == Field::kApp || last == Field::kTag;
  }
  // Whether every record has the same path.
  bool constant() const { return pieces_.size() == 1 && pieces_.front().field == Field::kNone; }

 private:
  enum class Field : std::uint8_t {
    kNone,  // text
    kPeer,
    kHost,
    kApp,
    kFacility,
    kSeverity,
    kListener,
    kTransport,
    kYear,
    kMonth,
    kDay,
    kHour,
    kTag,  // `text` is its name
  };
  struct Piece {
    Field field = Field::kNone;
    std::string text;
  };
  static Result<Field, std::string> FieldOf(std::string_view name);
  static void AppendField(const Piece& piece, const Record& record, std::string& out);
  static std::size_t LongestOf(Field field);
  bool FitsFileSystem() const;

  std::vector<Piece> pieces_;
};

}  // namespace cistern
