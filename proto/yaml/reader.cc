#include "proto/yaml/reader.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstddef>
#include <map>

#include "proto/yaml/document.h"
#include "proto/yaml/map_entry.h"
#include "proto/yaml/scalar.h"
#include "proto/yaml/schema.h"

namespace cistern {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::size_t kMaxErrors = 50;  // nobody reads more, and a hostile file must not fill the memory

class Reader {
 public:
  Reader(const YamlSource& source, YamlTarget target) : source_(source), target_(target) {}

  void ReadGroup(const YamlNode& node, Message& message, const std::string& path) {
    if (node.kind == YamlNode::Kind::kNull || Exhausted(node)) return;
    if (node.kind != YamlNode::Kind::kMap) return Fail(node, path, "must be a group of keys");
    std::map<std::string, const YamlNode*> seen;
    for (const YamlNode::Entry& entry : node.entries)
      ReadEntry(entry, {message, path, target_.origins, target_.errors}, seen);
  }

 private:
  // Aliases make one node count many times: the visits are limited, not only the nodes.
  bool Exhausted(const YamlNode& node) {
    if (++visits_ == kMaxYamlNodes) Fail(node, "", "more than 100000 values, aliases included");
    return visits_ >= kMaxYamlNodes || target_.errors.items.size() >= kMaxErrors;
  }

  Origin At(const YamlNode& node) const {
    Origin origin = source_.origin;
    origin.line = node.line;
    origin.column = node.column;
    return origin;
  }

  void Fail(const YamlNode& node, const std::string& path, std::string message, std::string suggestion = {}) {
    target_.errors.Add(At(node), path, std::move(message), std::move(suggestion));
  }

  void ReadEntry(const YamlNode::Entry& entry, const Filling& to,
                 std::map<std::string, const YamlNode*>& seen) {
    const YamlNode& key = *entry.key;
    if (!IsNewKey(key, to.path, seen)) return;
    const FieldDescriptor* field = FindField(to, key.text, At(key));
    if (field == nullptr || !IsOnlyChoice(to, *field, At(key))) return;
    ReadField(*field, entry, to.message, JoinKey(to.path, field->name()));
  }

  bool IsNewKey(const YamlNode& key, const std::string& path, std::map<std::string, const YamlNode*>& seen) {
    if (key.kind != YamlNode::Kind::kScalar) return Fail(key, path, "a key must be a plain word"), false;
    const auto [first, is_new] = seen.emplace(key.text, &key);
    if (!is_new) {
      Fail(key, JoinKey(path, Printable(key.text)),
           "given twice, first in line " + std::to_string(first->second->line));
    }
    return is_new;
  }

  void ReadField(const FieldDescriptor& field, const YamlNode::Entry& entry, Message& message,
                 const std::string& path) {
    const bool is_value = !field.is_repeated() && !IsMessage(field);
    target_.origins[path] = At(is_value ? *entry.value : *entry.key);
    if (field.is_map()) {
      ReadMap(field, *entry.value, message, path);
    } else if (field.is_repeated()) {
      ReadList(field, *entry.value, message, path);
    } else if (IsMessage(field)) {
      ReadGroup(*entry.value, *message.GetReflection()->MutableMessage(&message, &field), path);
    } else {
      ReadScalar(field, kNoIndex, *entry.value, message, path);
    }
  }

  void ReadList(const FieldDescriptor& field, const YamlNode& node, Message& message,
                const std::string& path) {
    const auto& reflection = *message.GetReflection();
    reflection.ClearField(&message, &field);
    if (node.kind == YamlNode::Kind::kNull) return;
    if (node.kind != YamlNode::Kind::kList) return Fail(node, path, "must be a list, each entry after a `-`");
    for (const YamlNode* item : node.items) {
      if (Exhausted(*item)) return;
      const int index = reflection.FieldSize(message, &field);
      const std::string item_path = JoinIndex(path, index);
      target_.origins[item_path] = At(*item);
      if (IsMessage(field)) {
        ReadGroup(*item, *reflection.AddMessage(&message, &field), item_path);
      } else {
        ReadScalar(field, index, *item, message, item_path);
      }
    }
  }

  void ReadMap(const FieldDescriptor& field, const YamlNode& node, Message& message,
               const std::string& path) {
    message.GetReflection()->ClearField(&message, &field);
    if (node.kind == YamlNode::Kind::kNull) return;
    if (node.kind != YamlNode::Kind::kMap) return Fail(node, path, "must be a group of names with values");
    std::map<std::string, const YamlNode*> seen;
    for (const YamlNode::Entry& entry : node.entries) {
      if (Exhausted(*entry.value)) return;
      if (!IsNewKey(*entry.key, path, seen)) continue;
      const std::string entry_path = JoinKey(path, Printable(entry.key->text));
      target_.origins[entry_path] = At(*entry.value);
      if (!IsSingleValue(*entry.value, entry_path)) continue;
      const auto problem = AddMapEntry(message, field, entry.key->text, entry.value->text, source_.folder);
      if (problem) Fail(*entry.value, entry_path, problem->message, problem->suggestion);
    }
  }

  bool IsSingleValue(const YamlNode& node, const std::string& path) {
    if (node.kind == YamlNode::Kind::kScalar) return true;
    Fail(node, path, node.kind == YamlNode::Kind::kNull ? "has no value" : "must be a single value");
    return false;
  }

  void ReadScalar(const FieldDescriptor& field, int index, const YamlNode& node, Message& message,
                  const std::string& path) {
    if (!IsSingleValue(node, path)) return;
    if (const auto problem = SetScalar(message, field, index, node.text, source_.folder)) {
      Fail(node, path, problem->message, problem->suggestion);
    }
  }

  const YamlSource& source_;
  YamlTarget target_;
  std::size_t visits_ = 0;
};

}  // namespace

bool ReadYaml(std::string_view text, const YamlSource& source, YamlTarget target) {
  const auto document = ParseYaml(text);
  if (!document) {
    Origin where = source.origin;
    where.line = document.error().line;
    where.column = document.error().column;
    target.errors.Add(where, "", document.error().message);
    return false;
  }
  if (document->root != nullptr) Reader(source, target).ReadGroup(*document->root, target.message, "");
  return true;
}

}  // namespace cistern
