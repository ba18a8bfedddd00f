#include "cistern/v1/rule.pb.h"
#include "service/rules/ingest_action.h"

namespace cistern {

bool HasAction(const v1::Rule& rule) {
  switch (rule.kind_case()) {
    case v1::Rule::kDrop:
    case v1::Rule::kSample:
    case v1::Rule::kLimit:
    case v1::Rule::kDeduplicate:
    case v1::Rule::kRedact:
    case v1::Rule::kTag:
    case v1::Rule::kSet:
    case v1::Rule::kExtract:
      return true;
    default:
      return false;
  }
}

ActionOr MakeAction(const v1::Rule& rule, const std::string& secret) {
  switch (rule.kind_case()) {
    case v1::Rule::kSample:
      return MakeSample(rule);
    case v1::Rule::kLimit:
      return MakeLimit(rule);
    case v1::Rule::kDeduplicate:
      return MakeDeduplicate(rule);
    case v1::Rule::kRedact:
      return MakeRedact(rule, secret);
    case v1::Rule::kTag:
      return MakeTag(rule);
    case v1::Rule::kSet:
      return MakeSet(rule);
    case v1::Rule::kExtract:
      return MakeExtract(rule);
    default:
      return MakeDrop();
  }
}

}  // namespace cistern
