#include "service/config/config.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "cistern/v1/config.pb.h"
#include "proto/yaml/document.h"
#include "proto/yaml/printer.h"
#include "proto/yaml/reader.h"
#include "service/config/layers.h"
#include "service/config/validate.h"
#include "service/forward/spec.h"

namespace cistern {
namespace {

Result<std::string, ConfigErrors> CannotRead(const std::string& file, int error) {
  ConfigErrors errors;
  errors.Add({OriginKind::kFile, file}, "", std::string("cannot be read: ") + std::strerror(error));
  return errors;
}

// At most one octet more than a configuration may have.
Result<std::string, ConfigErrors> ReadFile(const std::string& file) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "rb"), &std::fclose);
  if (!stream) return CannotRead(file, errno);
  std::string text(kMaxYamlBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), stream.get()));
  if (std::ferror(stream.get()) != 0) return CannotRead(file, errno);
  return text;
}

std::string FileOf(const ConfigSources& sources) {
  if (sources.file) return *sources.file;
  const auto found = sources.environment.find("CISTERN_CONFIG");
  return found == sources.environment.end() ? std::string() : found->second;
}

// False when the text is no YAML.
bool ReadLayers(std::string_view text, const std::string& file, const ConfigSources& sources,
                const ConfigTarget& target) {
  const YamlSource source{{OriginKind::kFile, file}, std::filesystem::path(file).parent_path().string()};
  if (!ReadYaml(text, source, {target.config, target.origins, target.errors})) return false;
  AddDefaultListeners(target);
  ApplyEnvironment(sources.environment, target);
  ApplyFlags(sources, target);
  return true;
}

}  // namespace

Result<LoadedConfig, ConfigErrors> LoadConfigText(std::string_view text, const std::string& file,
                                                  const ConfigSources& sources) {
  auto config = std::make_shared<v1::Config>();
  LoadedConfig loaded{config, {}, file};
  ConfigErrors errors;
  const ConfigTarget target{*config, loaded.origins, errors};
  if (!ReadLayers(text, file, sources, target)) return errors;
  CheckRequired({*config, loaded.origins, errors});
  if (!errors.empty()) return errors;
  for (v1::Target& forwarded : *config->mutable_targets()) AddImpliedGroups(forwarded);
  FillDefaults(*config, loaded.origins);
  FillDependentDefaults(target);
  ValidateConfig(target);
  if (!errors.empty()) return errors;
  return loaded;
}

Result<LoadedConfig, ConfigErrors> LoadConfig(const ConfigSources& sources) {
  const std::string file = FileOf(sources);
  if (file.empty()) return LoadConfigText("", "", sources);
  const auto text = ReadFile(file);
  if (!text) return text.error();
  return LoadConfigText(*text, file, sources);
}

std::string PrintConfig(const LoadedConfig& loaded) { return PrintYaml(*loaded.config, loaded.origins); }

}  // namespace cistern
