// Finds and hides private data in one text at a time.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "service/rules/private_data.h"

namespace cistern {

enum class Hiding : std::uint8_t { kMask, kHash, kLabel };

class Redactor {
 public:
  // `patterns`: of CompilePattern.
  Redactor(std::vector<PrivateKind> kinds, std::vector<std::shared_ptr<const re2::RE2>> patterns,
           Hiding hiding, std::string secret);

  // Ascending, apart from each other. Where an own pattern matches so often that it would cost more than a
  // multiple of the text, all the rest of the text is found.
  std::vector<PrivateSpan> Find(std::string_view text) const;
  // `text` with these hidden.
  std::string Hide(std::string_view text, const std::vector<PrivateSpan>& spans) const;

 private:
  void FindPattern(const re2::RE2& pattern, std::string_view text, std::vector<PrivateSpan>& spans) const;
  void Append(std::string_view value, PrivateKind kind, std::string& out) const;

  std::vector<PrivateKind> kinds_;
  std::vector<std::shared_ptr<const re2::RE2>> patterns_;
  Hiding hiding_;
  std::string secret_;
};

// Sorted, and what overlaps is one: of the kind that begins first.
void Join(std::vector<PrivateSpan>& spans);

}  // namespace cistern
