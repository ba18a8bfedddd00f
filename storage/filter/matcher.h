// Decides whether one text value matches. Immutable, hence shared by threads.
#pragma once

#include <memory>
#include <string_view>

#include "storage/filter/ast.h"
#include "storage/filter/template_matcher.h"

namespace cistern::filter {

class Matcher {
 public:
  virtual ~Matcher() = default;
  virtual bool Matches(std::string_view value) const = 0;
  // Relative to one integer comparison: orders the parts of an AND.
  virtual int cost() const = 0;
  // What it can tell from templates; null: nothing.
  virtual const TemplateMatcher* templates() const { return nullptr; }
};

using MatcherPtr = std::unique_ptr<const Matcher>;
using MatcherResult = Result<MatcherPtr, FilterError>;

// Words and phrases (message, raw). Errors: no text, a comparison, a bad regular expression.
MatcherResult MakeTextMatcher(const Value& value);
// The whole value, without regard to ASCII case; wildcards reach over any bytes. `*` asks for a value that is
// not empty. Errors: a comparison, a bad regular expression.
MatcherResult MakeValueMatcher(const Value& value);
// As MakeValueMatcher, but `*` takes any value, and comparisons compare numbers: a value that is no number
// does not match. For fields that are there or not: tags, structured data, payload.
MatcherResult MakeItemMatcher(const Value& value);
// Matches encoded tags, or structured data, in which `item` matches a value of that name.
MatcherPtr MakeTagMatcher(std::string name, MatcherPtr item);
MatcherPtr MakeStructuredDataMatcher(std::string id, std::string name, MatcherPtr item);

}  // namespace cistern::filter
