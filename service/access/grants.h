// Grants of the configuration: to names of client certificates, and to the holders of tokens in files.
#pragma once

#include <string>
#include <vector>

#include "ingest/message/result.h"
#include "proto/yaml/yaml_error.h"
#include "service/access/right.h"

namespace cistern {

namespace v1 {
class ControlConfig;
}

struct Grant {
  RightPtr right;
  std::string identity;    // normal; empty: the right is the token's
  std::string token_file;  // absolute; empty: the right is the certificate's
};

// Adds an error for names that are malformed or taken, and for identities, roles and filters that are none.
void CheckGrants(const v1::ControlConfig& control, const Origins& origins, YamlErrors& errors);
// Adds an error for each token file that cannot be used. Reads the disk.
void CheckTokenFiles(const v1::ControlConfig& control, const Origins& origins, YamlErrors& errors);
// Of a configuration that was checked.
std::vector<Grant> ToGrants(const v1::ControlConfig& control);

// Blanks around the token are not part of it. The error is a sentence: the file cannot be read, may be read
// or written by too many (mode at most 0640), or holds no token of at least 32 printable characters.
Result<SecretHash, std::string> ReadTokenFile(const std::string& path);

}  // namespace cistern
