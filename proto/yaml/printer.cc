#include "proto/yaml/printer.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "proto/yaml/map_entry.h"
#include "proto/yaml/scalar.h"
#include "proto/yaml/schema.h"

namespace cistern {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::size_t kWidestAligned = 56;  // longer lines push their own comment out only

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-./").find(c) != std::string_view::npos;
}

// Whether any YAML reader takes `text`, unquoted, to be that text and not a number, a date, a truth value or
// null.
bool IsPlainText(std::string_view text) {
  static constexpr std::string_view kSpecial[] = {"true", "false", "null", "yes", "no",
                                                  "on",   "off",   "y",    "n"};
  if (text.empty() || !std::all_of(text.begin(), text.end(), IsWordCharacter)) return false;
  if (text.front() != '/' && !text.starts_with("./") && (text.front() & ~0x20) < 'A') return false;
  std::string small(text);
  for (char& c : small) c = (c >= 'A' && c <= 'Z') ? static_cast<char>(c | 0x20) : c;
  return std::find(std::begin(kSpecial), std::end(kSpecial), small) == std::end(kSpecial);
}

std::string QuotedText(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (octet < 0x20 || octet == 0x7f) {
      quoted += {'\\', 'x', kHex[octet >> 4], kHex[octet & 15]};
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string NameText(const std::string& name) { return IsPlainText(name) ? name : QuotedText(name); }

std::string ValueText(const Message& message, const FieldDescriptor& field, int index) {
  const std::string text = FormatScalar(message, field, index);
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_STRING || IsPlainText(text)) return text;
  return QuotedText(text);
}

class Printer {
 public:
  explicit Printer(const Origins* origins) : origins_(origins) {}

  // `first` begins the first line, `rest` the others: they differ behind the dash of a list.
  void Group(const Message& message, const std::string& path, std::string first, const std::string& rest) {
    std::vector<const FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    if (fields.empty()) Line(first + "{}", path);
    for (const FieldDescriptor* field : fields) {
      Field(message, *field, JoinKey(path, field->name()), first, rest);
      first = rest;
    }
  }

  std::string Text() const {
    std::size_t column = 0;
    for (const auto& line : lines_) {
      if (line.text.size() <= kWidestAligned) column = std::max(column, line.text.size());
    }
    std::string text;
    for (const auto& line : lines_) {
      text += line.text;
      if (!line.comment.empty()) {
        text.append(column > line.text.size() ? column - line.text.size() : 0, ' ');
        text += "  # " + line.comment;
      }
      text += '\n';
    }
    return text;
  }

 private:
  struct OutputLine {
    std::string text, comment;
  };

  void Field(const Message& message, const FieldDescriptor& field, const std::string& path,
             const std::string& first, const std::string& rest) {
    const std::string head = first + field.name() + ":";
    if (field.is_map()) {
      lines_.push_back({head, ""});
      Map(message, field, path, rest + "  ");
    } else if (field.is_repeated()) {
      lines_.push_back({head, ""});
      List(message, field, path, rest + "  ");
    } else if (!IsMessage(field)) {
      Line(head + " " + ValueText(message, field, kNoIndex), path);
    } else {
      lines_.push_back({head, ""});
      const auto& group = message.GetReflection()->GetMessage(message, &field);
      Group(group, path, rest + "  ", rest + "  ");
    }
  }

  void List(const Message& message, const FieldDescriptor& field, const std::string& path,
            const std::string& indent) {
    const auto& reflection = *message.GetReflection();
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      const std::string item = JoinIndex(path, i);
      if (IsMessage(field)) {
        Group(reflection.GetRepeatedMessage(message, &field, i), item, indent + "- ", indent + "  ");
      } else {
        Line(indent + "- " + ValueText(message, field, i), item);
      }
    }
  }

  void Map(const Message& message, const FieldDescriptor& field, const std::string& path,
           const std::string& indent) {
    for (const MapEntry& entry : SortedMapEntries(message, field)) {
      const Message& pair = message.GetReflection()->GetRepeatedMessage(message, &field, entry.index);
      const std::string value = ValueText(pair, *pair.GetDescriptor()->map_value(), kNoIndex);
      Line(indent + NameText(entry.name) + ": " + value, JoinKey(path, Printable(entry.name)));
    }
  }

  void Line(std::string text, const std::string& path) {
    std::string comment;
    if (origins_ != nullptr) comment = Printable(NearestOrigin(*origins_, path).ToString());
    lines_.push_back({std::move(text), std::move(comment)});
  }

  const Origins* const origins_;  // null: no comments
  std::vector<OutputLine> lines_;
};

}  // namespace

std::string PrintYaml(const Message& message, const Origins& origins) {
  Printer printer(&origins);
  printer.Group(message, "", "", "");
  return printer.Text();
}

std::string PrintYaml(const Message& message) {
  Printer printer(nullptr);
  printer.Group(message, "", "", "");
  return printer.Text();
}

}  // namespace cistern
