// Files of definitions: targets, rules.
#pragma once

#include <functional>
#include <string>

#include "ctl/command/commands.h"
#include "proto/yaml/reader.h"

namespace google::protobuf {
class Message;
}

namespace cistern::ctl {

// Reads YAML into `file`; `-` is standard input. `complete` says whether it has what a file must have, the
// list `list`; `check` adds what else is wrong with what was read. On a mistake reports all errors, with
// file, line and key, sets the exit code and returns false.
bool ReadDefinitionFile(Context& context, const std::string& path, google::protobuf::Message& file,
                        const std::string& list, const std::function<bool()>& complete,
                        const std::function<void(YamlTarget)>& check = {});

}  // namespace cistern::ctl
