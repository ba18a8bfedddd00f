// A right: who has it and what it allows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cistern/v1/options.pb.h"
#include "ingest/message/result.h"
#include "service/access/secret.h"
#include "storage/filter/filter.h"

namespace cistern {

class RoleSet {
 public:
  void Add(v1::Role role) { bits_ |= 1u << role; }
  bool empty() const { return bits_ == 0; }
  // Whether a caller with these roles may make a call that needs `role`.
  bool Allows(v1::Role role) const;
  // As given, ascending.
  std::vector<v1::Role> List() const;
  // `reader`, `ingester`, ... separated by commas.
  std::string ToString() const;

 private:
  bool Has(v1::Role role) const { return (bits_ >> role & 1) != 0; }
  unsigned bits_ = 0;
};

// `reader` for ROLE_READER.
std::string RoleName(v1::Role role);
// Empty: it is none that can be given to somebody.
std::optional<v1::Role> ParseRole(std::string_view name);

// What a caller is and may do. Immutable; shared by the calls that it makes.
struct Right {
  std::string name;  // of the grant or token
  RoleSet roles;
  std::string filter_text;  // empty: sees everything
  Filter filter;
  std::int64_t expires = 0;  // ns since the Unix epoch; 0: never
};
using RightPtr = std::shared_ptr<const Right>;

// What makes the roles and the filter of a right; the error is a sentence. A filter only limits reading and
// sending.
Result<RightPtr, std::string> MakeRight(std::string name, RoleSet roles, std::string filter,
                                        std::int64_t expires = 0);

// What is understood by `identity` of a grant: `dns:` in small letters, `ip:` as addresses are printed.
// Empty: it is no name that a certificate can have.
std::string NormalIdentity(std::string_view identity);

}  // namespace cistern
