// Targets as the store keeps them, and the errors that all changes share.
#pragma once

#include <string>

#include "service/forward/spec.h"
#include "service/forward/targets.h"

namespace cistern {

inline constexpr char kTargetKind[] = "target";
inline constexpr char kProgressKind[] = "target_progress";

// The name of the cursor of a target.
std::string CursorOf(const std::string& target);
// How far a target came. kCorrupt: what was written down cannot be read; it may have come anywhere.
Result<TargetProgress> LoadProgress(Store& store, const std::string& target);
void AddProgress(const std::string& target, const TargetProgress& progress, StateChange& write);
void AddDefinition(const v1::Target& target, bool from_configuration, std::int64_t created,
                   std::optional<std::uint64_t> from_revision, StateChange& write);
void AddDeletion(const std::string& target, std::optional<std::uint64_t> from_revision, StateChange& write);

TargetError NoSuchTarget(const std::string& name);
TargetError StoreTrouble(const boost::system::error_code& error);

}  // namespace cistern
