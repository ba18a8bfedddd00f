// Reads YAML, or single keys, into any protobuf message by reflection.
//
// Every key must be a field; lists are repeated fields, groups are messages. What is wrong is collected, so
// that one run shows several errors. Message types must not contain themselves, maps have scalar values,
// and Any is not known. No threads, no exceptions; the only I/O is asking for the working directory.
#pragma once

#include <string>
#include <string_view>

#include "proto/yaml/yaml_error.h"

namespace google::protobuf {
class Message;
}

namespace cistern {

// Where a text comes from.
struct YamlSource {
  Origin origin;       // line and column are filled in key by key
  std::string folder;  // relative paths resolve against it; empty: the working directory
};

// What has been read so far.
struct YamlTarget {
  google::protobuf::Message& message;
  Origins& origins;  // by key path, of every key that was set
  YamlErrors& errors;
};

// Reads one document. An empty one sets nothing. A list that the text gives replaces what the message had.
// False when the text is no YAML and nothing was set; other errors leave the rest readable.
bool ReadYaml(std::string_view text, const YamlSource& source, YamlTarget target);

// Sets one key: `storage.dir`, `listeners[0].udp.address` or `listeners.0.udp.address`. An index equal to the
// length of a list appends to it. Groups and whole lists cannot be set.
void SetKey(std::string_view key, std::string_view value, const YamlSource& source, YamlTarget target);

// Fills every unset key that has a default, also in groups that were not given; not in absent members of a
// oneof.
void FillDefaults(google::protobuf::Message& message, Origins& origins);

// Adds an error for each value that SetKey would have refused; for messages that came from elsewhere than
// YAML.
void CheckValues(YamlTarget target);

// Adds an error for each required key and choice that is missing, unless an error tells of it already.
void CheckRequired(YamlTarget target);

}  // namespace cistern
