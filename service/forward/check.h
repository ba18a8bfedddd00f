// What the checks of the kinds share.
#pragma once

#include "proto/yaml/key_check.h"

namespace cistern {

namespace v1 {
class Target;
}

using TargetCheck = KeyCheck;

// The part of CheckTarget() that depends on the kind: one function a kind, in check_kind.cc.
void CheckKind(const v1::Target& target, const TargetCheck& check);

}  // namespace cistern
