#include "service/forward/target_store.h"

#include "cistern/v1/stored.pb.h"

namespace cistern {

std::string CursorOf(const std::string& target) { return "target:" + target; }

Result<TargetProgress> LoadProgress(Store& store, const std::string& target) {
  const auto object = store.GetObject(kProgressKind, target);
  if (!object) return object.error();
  v1::StoredProgress stored;
  if (!*object || !stored.ParseFromString((*object)->body)) return StoreErrc::kCorrupt;
  TargetProgress progress;
  // A store that was restored has moved the cursor.
  progress.position = store.GetCursor(CursorOf(target)).value_or(RecordId{stored.position()});
  progress.paused = stored.paused();
  progress.epoch = stored.epoch();
  progress.sink_state = stored.sink_state();
  return progress;
}

void AddProgress(const std::string& target, const TargetProgress& progress, StateChange& write) {
  v1::StoredProgress stored;
  stored.set_paused(progress.paused);
  stored.set_epoch(progress.epoch);
  stored.set_sink_state(progress.sink_state);
  stored.set_position(ToInt(progress.position));
  write.cursors.emplace_back(CursorOf(target), progress.position);
  write.objects.push_back({kProgressKind, target, stored.SerializeAsString(), std::nullopt});
}

void AddDefinition(const v1::Target& target, bool from_configuration, std::int64_t created,
                   std::optional<std::uint64_t> from_revision, StateChange& write) {
  v1::StoredTarget stored;
  *stored.mutable_definition() = target;
  stored.set_from_configuration(from_configuration);
  stored.set_created(created);
  write.objects.push_back({kTargetKind, target.name(), stored.SerializeAsString(), from_revision});
}

void AddDeletion(const std::string& target, std::optional<std::uint64_t> from_revision, StateChange& write) {
  write.deleted_cursors.push_back(CursorOf(target));
  write.deleted_kinds.push_back(DeadLetters::KindOf(target));
  write.objects.push_back({kTargetKind, target, std::nullopt, from_revision});
  write.objects.push_back({kProgressKind, target, std::nullopt, std::nullopt});
}

TargetError NoSuchTarget(const std::string& name) {
  return {TargetError::Kind::kNotFound, "there is no target \"" + name + "\"", {}};
}

TargetError StoreTrouble(const boost::system::error_code& error) {
  return {TargetError::Kind::kStore, error.message(), error};
}

}  // namespace cistern
