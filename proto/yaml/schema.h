// What the readers of YAML and of single keys share: finding fields by key and keeping alternatives apart.
#pragma once

#include <string>
#include <string_view>

#include "proto/yaml/yaml_error.h"

namespace google::protobuf {
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace cistern {

// A message that is being filled, and what is known about it.
struct Filling {
  google::protobuf::Message& message;
  const std::string& path;  // key path of the message; empty: the root
  Origins& origins;
  YamlErrors& errors;
};

// The field of that name; null, and an error with a suggestion, when there is none.
const google::protobuf::FieldDescriptor* FindField(const Filling& to, std::string_view name,
                                                   const Origin& where);

// False, and an error, when another member of the field's oneof is set already.
bool IsOnlyChoice(const Filling& to, const google::protobuf::FieldDescriptor& field, const Origin& where);

bool IsMessage(const google::protobuf::FieldDescriptor& field);

}  // namespace cistern
