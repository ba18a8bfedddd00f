// Texts of rules: `{{host}}`, `{{tag.user}}` and so on stand for fields of a record, further names for values
// that the rule itself has, such as what it extracts or counts. Immutable; threads may share it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/filter/field_template.h"

namespace cistern {

class RuleText {
 public:
  // `extras`: further names; they come before fields of the same name. The error says which part cannot be
  // understood.
  static Result<RuleText, std::string> Parse(std::string_view text, std::span<const std::string> extras = {});

  // `extras`: values in the order of the names given to Parse(); those that are missing are empty. Fields
  // without a value are empty, several values stand with commas between them. At most kLongest octets.
  std::string Render(const Record& record, std::span<const std::string> extras = {}) const;
  std::string Render(BatchView& view, std::uint32_t row, std::span<const std::string> extras = {}) const;

  static constexpr std::size_t kLongest = 64 << 10;

  // Whether there is nothing in it.
  bool empty() const;

 private:
  FieldTemplate template_;
  std::vector<bool> lower_;  // one a field of template_
};

}  // namespace cistern
