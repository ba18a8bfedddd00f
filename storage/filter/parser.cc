#include "storage/filter/parser.h"

#include <utility>

#include "storage/filter/field.h"
#include "storage/filter/lexer.h"
#include "storage/words.h"

namespace cistern::filter {
namespace {

using NodeResult = Result<Node, FilterError>;
using ValueResult = Result<Value, FilterError>;

constexpr char kExpectTerm[] = "a word, a phrase or a field";

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}
  NodeResult ParseAll();

 private:
  NodeResult ParseOr();
  NodeResult ParseAnd();
  NodeResult ParseNot();
  NodeResult ParseTerm();
  NodeResult ParseValueTerm();
  NodeResult ParseGroup();
  NodeResult ParseFieldTerm(std::string_view name, std::size_t offset);
  NodeResult ParseBareTerm();
  ValueResult ParseFieldValue();
  ValueResult ParseComparison(Op op);
  ValueResult ParseRange();
  Result<Text, FilterError> ParseOperand(bool in_range);
  // At the end, `)` or an OR.
  bool AtEndOfAnd();
  FilterError TooDeep() const { return lexer_.Unexpected("at most 64 levels of parentheses and negations"); }
  NodeResult Term(Value value, std::size_t offset) const;

  Lexer lexer_;
  int depth_ = 0;
  const FieldRef* field_ = nullptr;  // inside field:( ... )
};

// Makes `children` one node; a single child stands for itself, children of the same kind are taken over.
Node Join(Node::Kind kind, std::vector<Node> children) {
  if (children.size() == 1) return std::move(children.front());
  Node node{kind};
  for (Node& child : children) {
    if (child.kind != kind) {
      node.children.push_back(std::move(child));
    } else {
      for (Node& inner : child.children) node.children.push_back(std::move(inner));
    }
  }
  return node;
}

NodeResult Parser::ParseAll() {
  lexer_.SkipBlanks();
  if (lexer_.at_end()) return Node{};
  NodeResult node = ParseOr();
  if (node && !lexer_.at_end())
    return lexer_.Unexpected(std::string(kExpectTerm) + ", or the end of the filter");
  return node;
}

NodeResult Parser::ParseOr() {
  std::vector<Node> children;
  do {
    lexer_.SkipBlanks();
    NodeResult child = ParseAnd();
    if (!child) return child;
    children.push_back(std::move(*child));
  } while (lexer_.TakeKeyword("OR") || lexer_.Take("||"));
  return Join(Node::Kind::kOr, std::move(children));
}

bool Parser::AtEndOfAnd() {
  if (lexer_.at_end() || lexer_.Peek() == ')') return true;
  Lexer ahead = lexer_;
  return ahead.TakeKeyword("OR") || ahead.Take("||");
}

NodeResult Parser::ParseAnd() {
  std::vector<Node> children;
  do {
    if (!children.empty() && (lexer_.TakeKeyword("AND") || lexer_.Take("&&"))) lexer_.SkipBlanks();
    NodeResult child = ParseNot();
    if (!child) return child;
    children.push_back(std::move(*child));
    lexer_.SkipBlanks();
  } while (!AtEndOfAnd());
  return Join(Node::Kind::kAnd, std::move(children));
}

NodeResult Parser::ParseNot() {
  const Lexer before = lexer_;
  if (!lexer_.TakeKeyword("NOT") && !lexer_.TakeNegation()) return ParseTerm();
  if (++depth_ > kMaxDepth) {
    lexer_ = before;
    return TooDeep();
  }
  lexer_.SkipBlanks();
  NodeResult child = ParseNot();
  --depth_;
  if (!child) return child;
  Node node{Node::Kind::kNot};
  node.children.push_back(std::move(*child));
  return node;
}

NodeResult Parser::ParseTerm() {
  if (lexer_.Peek() == '(') return ParseGroup();
  if (AtEndOfAnd()) return lexer_.Unexpected(kExpectTerm);
  Lexer ahead = lexer_;
  if (ahead.TakeKeyword("AND") || ahead.Take("&&")) return lexer_.Unexpected(kExpectTerm);
  if (field_) return ParseValueTerm();
  const std::size_t offset = lexer_.position();
  if (const auto name = lexer_.TakeField()) return ParseFieldTerm(*name, offset);
  return ParseBareTerm();
}

NodeResult Parser::ParseValueTerm() {
  const std::size_t offset = lexer_.position();
  ValueResult value = ParseFieldValue();
  if (!value) return value.error();
  return Term(std::move(*value), offset);
}

NodeResult Parser::ParseGroup() {
  if (++depth_ > kMaxDepth) return TooDeep();
  lexer_.Take("(");
  NodeResult node = ParseOr();
  --depth_;
  if (!node) return node;
  if (!lexer_.Take(")")) return lexer_.Unexpected("\")\"");
  return node;
}

NodeResult Parser::ParseFieldTerm(std::string_view name, std::size_t offset) {
  auto field = ParseField(name);
  if (!field) {
    FilterError error = field.error();
    error.offset += offset;
    return error;
  }
  const FieldRef* outer = std::exchange(field_, &*field);
  NodeResult node = lexer_.Peek() == '(' ? ParseGroup() : ParseValueTerm();
  field_ = outer;
  return node;
}

NodeResult Parser::Term(Value value, std::size_t offset) const {
  value.offset = offset;
  if (value.op == Op::kMatch) value.text_offset = offset;
  value.length = lexer_.position() - offset;
  Node node{Node::Kind::kTerm};
  if (field_) node.field = *field_;
  if (!field_ && value.exists()) return Node{};
  node.value = std::move(value);
  return node;
}

NodeResult Parser::ParseBareTerm() {
  const std::size_t offset = lexer_.position();
  Value value;
  if (lexer_.SkipComparedField()) return lexer_.Unexpected("a colon, as in severity:>=err");
  if (lexer_.TakeRegex(value)) return Term(std::move(value), offset);
  auto text = ParseOperand(false);
  if (!text) return text.error();
  value.text = std::move(*text);
  return Term(std::move(value), offset);
}

ValueResult Parser::ParseFieldValue() {
  if (lexer_.Take(">=")) return ParseComparison(Op::kGreaterEqual);
  if (lexer_.Take("<=")) return ParseComparison(Op::kLessEqual);
  if (lexer_.Take(">")) return ParseComparison(Op::kGreater);
  if (lexer_.Take("<")) return ParseComparison(Op::kLess);
  if (lexer_.Take("=")) return ParseComparison(Op::kEqual);
  if (lexer_.Peek() == '[') return ParseRange();
  Value value;
  if (lexer_.TakeRegex(value)) return value;
  auto text = ParseOperand(false);
  if (!text) return text.error();
  value.text = std::move(*text);
  return value;
}

ValueResult Parser::ParseComparison(Op op) {
  Value value;
  value.op = op;
  value.text_offset = lexer_.position();
  auto text = ParseOperand(false);
  if (!text) return text.error();
  value.text = std::move(*text);
  return value;
}

ValueResult Parser::ParseRange() {
  lexer_.Take("[");
  Value value;
  value.op = Op::kBetween;
  lexer_.SkipBlanks();
  value.text_offset = lexer_.position();
  auto lower = ParseOperand(true);
  if (!lower) return lower.error();
  lexer_.SkipBlanks();
  if (!lexer_.TakeKeyword("TO"))
    return lexer_.Unexpected("TO, as in [1 TO 9]; write \\[ to search for a bracket");
  lexer_.SkipBlanks();
  value.upper_offset = lexer_.position();
  auto upper = ParseOperand(true);
  if (!upper) return upper.error();
  lexer_.SkipBlanks();
  if (!lexer_.Take("]")) return lexer_.Unexpected("\"]\"");
  value.text = std::move(*lower);
  value.upper = std::move(*upper);
  return value;
}

Result<Text, FilterError> Parser::ParseOperand(bool in_range) {
  if (lexer_.Peek() == '"') return lexer_.TakeQuoted();
  Text text = lexer_.TakeWord(in_range);
  if (text.empty()) return lexer_.Unexpected(field_ ? "a value" : kExpectTerm);
  return text;
}

}  // namespace

bool HasWildcard(const Text& text) {
  for (const Atom& atom : text) {
    if (atom.kind == Atom::Kind::kAny || atom.kind == Atom::Kind::kStar) return true;
  }
  return false;
}

std::string Plain(const Text& text) {
  std::string plain;
  for (const Atom& atom : text) plain.push_back(atom.byte);
  return plain;
}

bool Value::exists() const {
  return op == Op::kMatch && text.size() == 1 && text.front().kind == Atom::Kind::kStar;
}

NodeResult ParseText(std::string_view text) {
  if (text.size() > Filter::kMaxLength) {
    return FilterError{Filter::kMaxLength, std::to_string(text.size()) + " bytes",
                       "a filter of at most " + std::to_string(Filter::kMaxLength) + " bytes"};
  }
  return Parser(text).ParseAll();
}

}  // namespace cistern::filter
