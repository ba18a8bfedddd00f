#include "ctl/command/target_file.h"

#include "cistern/v1/target.pb.h"
#include "ctl/command/definition_file.h"

namespace cistern::ctl {

bool ReadTargetFile(Context& context, const std::string& path, v1::TargetFile& file) {
  return ReadDefinitionFile(context, path, file, "targets", [&] { return file.targets_size() > 0; });
}

}  // namespace cistern::ctl
