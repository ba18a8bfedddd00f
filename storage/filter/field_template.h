// Text in which `{{host}}`, `{{tag.user}}` and so on stand for fields of a record, or for further values that
// only the caller knows. Immutable; threads may share it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/result.h"
#include "storage/filter/filter.h"

namespace cistern {

class FieldTemplate {
 public:
  // Text, and the field, or the further value, behind it; the last piece has none.
  struct Piece {
    std::string text;
    FieldRef field;
    std::optional<std::size_t> extra;  // its index, instead of `field`
  };
  // A name of `extras` means that value, even if a field is called so. The error says which part cannot be
  // understood.
  static Result<FieldTemplate, std::string> Parse(std::string_view text,
                                                  std::span<const std::string> extras = {});

  const std::vector<Piece>& pieces() const { return pieces_; }

 private:
  std::vector<Piece> pieces_;
};

}  // namespace cistern
