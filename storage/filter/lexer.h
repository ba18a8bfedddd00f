// Cuts filter text into words, quoted text, regular expressions and field names. The parser asks for what may
// stand at the current position, since the same bytes mean different things in different places (`/var/log`
// is a word, `/var/` a regular expression, `[a` a range behind a field only).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/filter/ast.h"

namespace cistern::filter {

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::size_t position() const { return pos_; }
  bool at_end() const { return pos_ >= text_.size(); }
  // 0 at the end.
  char Peek() const { return at_end() ? '\0' : text_[pos_]; }
  // A blank, a parenthesis, a quote or the end: here a word ends.
  bool AtDelimiter() const { return IsDelimiter(pos_); }
  void SkipBlanks();

  // Take the symbol, or the upper-case keyword with a delimiter behind it, when it stands here.
  bool Take(std::string_view symbol);
  bool TakeKeyword(std::string_view keyword);
  // Takes a `-` or `!` that negates. `-`, `--`, `->` and `!=` standing alone are ordinary text.
  bool TakeNegation();
  // Takes a field name with its colon; gives the name. Leaves `http://` and `a::b` alone when they are no
  // fields.
  std::optional<std::string_view> TakeField();
  // Skips a field name that `<` or `>` follows; the colon is missing.
  bool SkipComparedField();
  // Takes `/regex/` or `/regex/i` when a delimiter follows the second unescaped slash.
  bool TakeRegex(Value& value);

  // The parser saw the opening quote. Error: it is not closed.
  Result<Text, FilterError> TakeQuoted();
  // Up to a delimiter, or, inside a range, `]`. May be empty.
  Text TakeWord(bool in_range);

  // An error for what stands at the current position.
  FilterError Unexpected(std::string expected) const;

 private:
  bool IsDelimiter(std::size_t pos) const;
  // A backslash before punctuation or a blank takes it literally; before anything else it is itself.
  bool IsEscape(std::size_t pos) const;

  std::string_view text_;
  std::size_t pos_ = 0;
};

}  // namespace cistern::filter
