// What each call needs, as its proto states it.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "cistern/v1/options.pb.h"

namespace cistern {

struct MethodNeeds {
  v1::Role role = v1::ROLE_UNSPECIFIED;
  bool honours_filter = false;
  bool audited = false;
};

class MethodTable {
 public:
  // Every method of package cistern.v1, gRPC's health (public) and reflection (readers), and `/metrics`.
  MethodTable();
  // Null: there is no such method. Only the exact path is one.
  const MethodNeeds* Find(std::string_view path) const;
  const std::map<std::string, MethodNeeds, std::less<>>& all() const { return needs_; }

 private:
  std::map<std::string, MethodNeeds, std::less<>> needs_;
};

}  // namespace cistern
