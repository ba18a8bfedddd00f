// What the checks of the kinds share: adding errors with key paths.
#pragma once

#include <string>
#include <string_view>

#include "proto/yaml/yaml_error.h"

namespace cistern {

namespace v1 {
class Target;
}

// Collects errors of one target; paths are below it.
class TargetCheck {
 public:
  TargetCheck(std::string key, const Origins& origins, YamlErrors& errors)
      : key_(std::move(key)), origins_(origins), errors_(errors) {}

  void Fail(std::string_view path, std::string message) const {
    const std::string key = JoinKey(key_, path);
    errors_.Add(NearestOrigin(origins_, key), key, std::move(message));
  }

 private:
  const std::string key_;
  const Origins& origins_;
  YamlErrors& errors_;
};

// The part of CheckTarget() that depends on the kind: one function a kind, in check_kind.cc.
void CheckKind(const v1::Target& target, const TargetCheck& check);

}  // namespace cistern
