// Prints a protobuf message as YAML that ReadYaml turns back into the same message.
#pragma once

#include <string>

#include "proto/yaml/yaml_error.h"

namespace google::protobuf {
class Message;
}

namespace cistern {

// Every key that is set, in the order of the schema, with its origin as a comment behind it. Secrets are
// references and are printed as such. Empty lists are left out.
// Maps are printed by name.
std::string PrintYaml(const google::protobuf::Message& message, const Origins& origins);
// Likewise, without comments.
std::string PrintYaml(const google::protobuf::Message& message);

}  // namespace cistern
