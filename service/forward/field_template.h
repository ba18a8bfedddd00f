// Text in which `{{host}}`, `{{tag.user}}` and so on stand for fields of a record.
// Immutable; threads may share it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/result.h"
#include "storage/filter/filter.h"

namespace cistern {

class FieldTemplate {
 public:
  // Text, and the field behind it; the last piece has none.
  struct Piece {
    std::string text;
    FieldRef field;
  };
  // The error says which part cannot be understood.
  static Result<FieldTemplate, std::string> Parse(std::string_view text);

  const std::vector<Piece>& pieces() const { return pieces_; }

 private:
  std::vector<Piece> pieces_;
};

}  // namespace cistern
