// The definition of a target: what can be known to be wrong with it without asking its destination.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/message/result.h"
#include "proto/yaml/yaml_error.h"

namespace cistern {

namespace v1 {
class Target;
class TlsClientConfig;
}  // namespace v1

// Fills the defaults and checks the schema and what lies behind it, of a definition that did not come from a
// configuration file. Errors have key paths such as `syslog.addresses[0]`.
YamlErrors PrepareTarget(v1::Target& target);

// Adds the groups that a definition asks for without giving them, such as `tls` where TLS is spoken. Before
// the defaults are filled.
void AddImpliedGroups(v1::Target& target);

// What the schema cannot say: names, filters, addresses, paths, templates, what goes together. Needs filled
// defaults. `key` is the path of the target; empty: it is the root.
void CheckTarget(const v1::Target& target, const std::string& key, const Origins& origins,
                 YamlErrors& errors);

// The same for the files that it names, by whom it is going to run: templates of mails, which may be mended
// or broken later. Blocks on the disk.
void CheckTargetFiles(const v1::Target& target, YamlErrors& errors);

// Each has a thread.
inline constexpr int kMostTargets = 64;

// 1 to 63 small letters, digits, `-` and `_`; of listeners as well.
bool IsTargetName(std::string_view name);

// Where a new target starts.
struct TargetStart {
  enum class Kind { kNow, kOldest, kAge, kTime, kId } kind = Kind::kNow;
  std::int64_t value = 0;  // kAge, kTime: ns; kId: the record to start behind
};
std::optional<TargetStart> ParseStart(std::string_view from);

// A reference to a secret, `file:PATH` or `env:NAME`, as its content without a line end; the error is a
// sentence that does not contain it.
Result<std::string, std::string> ReadSecret(const std::string& reference);

}  // namespace cistern
