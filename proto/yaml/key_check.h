// Collects what is wrong with one object of a definition; paths are below it.
#pragma once

#include <string>
#include <string_view>

#include "proto/yaml/yaml_error.h"

namespace cistern {

class KeyCheck {
 public:
  KeyCheck(std::string key, const Origins& origins, YamlErrors& errors)
      : key_(std::move(key)), origins_(origins), errors_(errors) {}

  void Fail(std::string_view path, std::string message) const {
    const std::string key = path.empty() ? key_ : JoinKey(key_, path);
    errors_.Add(NearestOrigin(origins_, key), key, std::move(message));
  }

 private:
  const std::string key_;
  const Origins& origins_;
  YamlErrors& errors_;
};

}  // namespace cistern
