#include "service/access/method_table.h"

#include <google/protobuf/descriptor.h>

#include "cistern/v1/access_service.pb.h"
#include "cistern/v1/admin_service.pb.h"
#include "cistern/v1/event_service.pb.h"
#include "cistern/v1/log_service.pb.h"
#include "cistern/v1/rule_service.pb.h"
#include "cistern/v1/store_service.pb.h"
#include "cistern/v1/target_service.pb.h"

namespace cistern {

MethodTable::MethodTable() {
  for (const auto* file : {v1::AuditEntry::descriptor()->file(), v1::GetStatusRequest::descriptor()->file(),
                           v1::ListEventsRequest::descriptor()->file(),
                           v1::QueryRequest::descriptor()->file(), v1::ListRulesRequest::descriptor()->file(),
                           v1::CheckRequest::descriptor()->file(), v1::TargetInfo::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const auto* method = file->service(s)->method(m);
        const auto& options = method->options();
        needs_["/" + file->service(s)->full_name() + "/" + method->name()] = {
            options.GetExtension(v1::required_role), options.GetExtension(v1::honours_filter),
            options.GetExtension(v1::audited)};
      }
    }
  }
  needs_["/grpc.health.v1.Health/Check"] = {v1::ROLE_PUBLIC, true, false};
  needs_["/grpc.health.v1.Health/Watch"] = {v1::ROLE_PUBLIC, true, false};
  needs_["/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"] = {v1::ROLE_READER, true, false};
  needs_["/metrics"] = {v1::ROLE_READER, false, false};
}

const MethodNeeds* MethodTable::Find(std::string_view path) const {
  const auto found = needs_.find(path);
  return found == needs_.end() ? nullptr : &found->second;
}

}  // namespace cistern
