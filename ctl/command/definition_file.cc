#include "ctl/command/definition_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "proto/yaml/reader.h"

namespace cistern::ctl {
namespace {

// False: reported.
bool ReadText(Context& context, const std::string& path, std::ostringstream& content) {
  if (path == "-") {
    content << std::cin.rdbuf();
    return true;
  }
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (stream && !std::filesystem::is_directory(path) && (content << stream.rdbuf() || stream.peek() == EOF))
    return true;
  *context.err << "cisternctl: cannot read " << path << ": " << std::strerror(errno != 0 ? errno : EISDIR)
               << '\n';
  context.exit_code = kExitConfig;
  return false;
}

}  // namespace

bool ReadDefinitionFile(Context& context, const std::string& path, google::protobuf::Message& file,
                        const std::string& list, const std::function<bool()>& complete,
                        const std::function<void(YamlTarget)>& check) {
  std::ostringstream content;
  if (!ReadText(context, path, content)) return false;
  Origins origins;
  YamlErrors errors;
  const std::string folder = path == "-" ? std::filesystem::current_path().string()
                                         : std::filesystem::absolute(path).parent_path().string();
  const YamlTarget target{file, origins, errors};
  ReadYaml(content.str(), {{OriginKind::kFile, path == "-" ? "standard input" : path}, folder}, target);
  CheckRequired(target);
  if (errors.empty() && check) check(target);
  if (errors.empty() && !complete())
    errors.Add({OriginKind::kFile, path}, list, "is required: a list of " + list);
  *context.err << errors.ToString();
  if (!errors.empty()) context.exit_code = kExitConfig;
  return errors.empty();
}

}  // namespace cistern::ctl
