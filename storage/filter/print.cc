#include <string>

#include "storage/filter/ast.h"
#include "storage/filter/field.h"
#include "storage/words.h"

namespace cistern::filter {
namespace {

// Readable without quotes and escapes: begins with a word byte, and holds nothing that means something.
bool IsBareWord(const Text& text, bool behind_field) {
  if (text.empty() || !IsWordByte(text.front().byte)) return false;
  for (const Atom& atom : text) {
    const bool plain = IsWordByte(atom.byte) || atom.byte == '.' || atom.byte == '-' ||
                       (behind_field && (atom.byte == ':' || atom.byte == '/'));
    if (atom.kind != Atom::Kind::kByte || !plain) return false;
  }
  const std::string word = Plain(text);
  return word != "AND" && word != "OR" && word != "NOT" && word != "TO";
}

std::string QuotedText(const Text& text) {
  std::string quoted = "\"";
  for (const Atom& atom : text) {
    const bool literal_blank = atom.kind == Atom::Kind::kByte && IsBlank(atom.byte);
    if (literal_blank || atom.byte == '"' || atom.byte == '\\') quoted.push_back('\\');
    quoted.push_back(atom.byte);
  }
  return quoted + '"';
}

std::string EscapedWord(const Text& text) {
  std::string word;
  for (const Atom& atom : text) {
    const bool punctuation = !IsWordByte(atom.byte) && atom.byte > ' ' && atom.byte < 0x7F;
    if (atom.kind == Atom::Kind::kByte && (punctuation || IsBlank(atom.byte))) word.push_back('\\');
    word.push_back(atom.byte);
  }
  return word;
}

std::string Operand(const Text& text, bool behind_field) {
  if (HasWildcard(text)) return EscapedWord(text);
  return IsBareWord(text, behind_field) ? Plain(text) : QuotedText(text);
}

std::string ValueText(const Value& value, bool behind_field) {
  switch (value.op) {
    case Op::kMatch:
      return Operand(value.text, behind_field);
    case Op::kRegex:
      return "/" + value.regex + (value.ignore_case ? "/i" : "/");
    case Op::kEqual:
      return "=" + Operand(value.text, true);
    case Op::kLess:
      return "<" + Operand(value.text, true);
    case Op::kLessEqual:
      return "<=" + Operand(value.text, true);
    case Op::kGreater:
      return ">" + Operand(value.text, true);
    case Op::kGreaterEqual:
      return ">=" + Operand(value.text, true);
    case Op::kBetween:
      return "[" + Operand(value.text, true) + " TO " + Operand(value.upper, true) + "]";
  }
  return {};
}

std::string TermText(const Node& node) {
  const bool message = node.field.kind == FieldRef::Kind::kColumn && node.field.column == Column::kMessage;
  if (message && !node.value.exists()) return ValueText(node.value, false);
  return FieldName(node.field) + ":" + ValueText(node.value, true);
}

std::string Operator(const Node& node, std::string_view word) {
  std::string text;
  for (const Node& child : node.children) {
    if (!text.empty()) text += word;
    const bool nested = child.kind == Node::Kind::kAnd || child.kind == Node::Kind::kOr;
    text += nested ? "(" + ToText(child) + ")" : ToText(child);
  }
  return text;
}

}  // namespace

std::string ToText(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kAll:
      return "*";
    case Node::Kind::kAnd:
      return Operator(node, " AND ");
    case Node::Kind::kOr:
      return Operator(node, " OR ");
    case Node::Kind::kNot:
      return "NOT " + Operator(node, "");
    case Node::Kind::kTerm:
      return TermText(node);
  }
  return {};
}

}  // namespace cistern::filter
