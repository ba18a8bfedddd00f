// Tokens and entries of the audit log.
#pragma once

#include <cstdint>
#include <string>

#include "ctl/printer/grid.h"

namespace cistern::v1 {
class AuditEntry;
class TokenInfo;
class WhoAmIResponse;
}  // namespace cistern::v1

namespace cistern::ctl {

Grid TokenGrid();
void AddTokenRow(const v1::TokenInfo& token, std::int64_t now_ns, Grid& grid);
void AppendTokenJson(const v1::TokenInfo& token, std::string& out);

Grid AuditGrid();
void AddAuditRow(const v1::AuditEntry& entry, Grid& grid);
void AppendAuditJson(const v1::AuditEntry& entry, std::string& out);

void AppendCallerText(const v1::WhoAmIResponse& caller, std::int64_t now_ns, std::string& out);
void AppendCallerJson(const v1::WhoAmIResponse& caller, std::string& out);

}  // namespace cistern::ctl
