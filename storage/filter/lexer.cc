#include "storage/filter/lexer.h"

#include "storage/filter/field.h"
#include "storage/words.h"

namespace cistern::filter {
namespace {

bool IsPunctuation(char c) { return c > ' ' && c < 0x7F && !IsWordByte(c); }

}  // namespace

void Lexer::SkipBlanks() {
  while (!at_end() && IsBlank(text_[pos_])) ++pos_;
}

bool Lexer::IsDelimiter(std::size_t pos) const {
  if (pos >= text_.size()) return true;
  const char c = text_[pos];
  return IsBlank(c) || c == '(' || c == ')' || c == '"';
}

bool Lexer::IsEscape(std::size_t pos) const {
  return text_[pos] == '\\' && pos + 1 < text_.size() &&
         (IsPunctuation(text_[pos + 1]) || IsBlank(text_[pos + 1]));
}

bool Lexer::Take(std::string_view symbol) {
  if (!text_.substr(pos_).starts_with(symbol)) return false;
  pos_ += symbol.size();
  return true;
}

bool Lexer::TakeKeyword(std::string_view keyword) {
  if (!text_.substr(pos_).starts_with(keyword) || !IsDelimiter(pos_ + keyword.size())) return false;
  pos_ += keyword.size();
  return true;
}

bool Lexer::TakeNegation() {
  const std::size_t end = text_.find_first_not_of("-!", pos_);
  if (end == pos_ || end == std::string_view::npos) return false;
  if (IsBlank(text_[end]) || text_[end] == ')' || text_[end] == '>' || text_[end] == '=') return false;
  ++pos_;
  return true;
}

std::optional<std::string_view> Lexer::TakeField() {
  const std::string_view rest = text_.substr(pos_);
  const std::size_t size = ScanFieldName(rest);
  if (size == 0 || size >= rest.size() || rest[size] != ':') return std::nullopt;
  const std::string_view name = rest.substr(0, size);
  const std::string_view behind = rest.substr(size + 1);
  if ((behind.starts_with("//") || behind.starts_with(":")) && !IsKnownField(name)) return std::nullopt;
  pos_ += size + 1;
  return name;
}

bool Lexer::SkipComparedField() {
  const std::string_view rest = text_.substr(pos_);
  const std::size_t size = ScanFieldName(rest);
  if (size == 0 || size >= rest.size() || (rest[size] != '<' && rest[size] != '>')) return false;
  if (!IsKnownField(rest.substr(0, size))) return false;
  pos_ += size;
  return true;
}

bool Lexer::TakeRegex(Value& value) {
  if (Peek() != '/') return false;
  std::size_t end = pos_ + 1;
  while (end < text_.size() && text_[end] != '/') end += text_[end] == '\\' ? 2 : 1;
  if (end >= text_.size() || end == pos_ + 1) return false;
  const bool ignore_case = end + 1 < text_.size() && text_[end + 1] == 'i';
  if (!IsDelimiter(end + 1 + ignore_case)) return false;
  value.op = Op::kRegex;
  value.regex = text_.substr(pos_ + 1, end - pos_ - 1);
  value.ignore_case = ignore_case;
  pos_ = end + 1 + ignore_case;
  return true;
}

Result<Text, FilterError> Lexer::TakeQuoted() {
  const std::size_t start = pos_++;
  Text text;
  for (; !at_end() && text_[pos_] != '"'; ++pos_) {
    if (IsEscape(pos_)) {
      text.push_back({Atom::Kind::kByte, text_[++pos_]});
    } else {
      text.push_back({IsBlank(text_[pos_]) ? Atom::Kind::kBlank : Atom::Kind::kByte, text_[pos_]});
    }
  }
  if (at_end()) return Unexpected("a closing quote for the one at byte " + std::to_string(start));
  ++pos_;
  return text;
}

Text Lexer::TakeWord(bool in_range) {
  Text text;
  for (; !AtDelimiter() && !(in_range && text_[pos_] == ']'); ++pos_) {
    if (IsEscape(pos_)) {
      text.push_back({Atom::Kind::kByte, text_[++pos_]});
    } else if (text_[pos_] == '*') {
      text.push_back({Atom::Kind::kStar, '*'});
    } else if (text_[pos_] == '?') {
      text.push_back({Atom::Kind::kAny, '?'});
    } else {
      text.push_back({Atom::Kind::kByte, text_[pos_]});
    }
  }
  return text;
}

FilterError Lexer::Unexpected(std::string expected) const {
  if (at_end()) return {pos_, "end of filter", std::move(expected)};
  if (IsBlank(text_[pos_])) return {pos_, "a blank", std::move(expected)};
  std::size_t end = pos_ + 1;
  if (text_[pos_] != '(' && text_[pos_] != ')') {
    while (!IsDelimiter(end)) ++end;
  }
  return {pos_, Quoted(text_.substr(pos_, end - pos_)), std::move(expected)};
}

}  // namespace cistern::filter
