// Targets in protobuf form.
#include "ingest/message/wall_time.h"
#include "proto/convert/record.h"
#include "service/control/target_service.h"
#include "service/forward/make_sink.h"

namespace cistern {
namespace {

v1::TargetStatus::State StateOf(TargetState state) {
  switch (state) {
    case TargetState::kIdle:
      return v1::TargetStatus::STATE_IDLE;
    case TargetState::kSending:
      return v1::TargetStatus::STATE_SENDING;
    case TargetState::kRetrying:
      return v1::TargetStatus::STATE_RETRYING;
    case TargetState::kPaused:
      return v1::TargetStatus::STATE_PAUSED;
    case TargetState::kBroken:
      return v1::TargetStatus::STATE_BROKEN;
  }
  return v1::TargetStatus::STATE_UNSPECIFIED;
}

const char* GuaranteeText(Guarantee guarantee) {
  switch (guarantee) {
    case Guarantee::kSent:
      return "sent";
    case Guarantee::kWritten:
      return "written";
    case Guarantee::kAcknowledged:
      return "acknowledged";
    case Guarantee::kExactlyOnce:
      return "exactly once";
  }
  return "";
}

void FillLag(const Backlog& backlog, v1::TargetStatus* out) {
  out->set_lag_records(backlog.records);
  out->set_lag_bytes(backlog.bytes);
  if (backlog.records > 0 && backlog.oldest_received != 0)
    ToProto(std::max<std::int64_t>(WallTime() - backlog.oldest_received, 0), out->mutable_lag());
}

void FillStatus(const TargetFigures& figures, v1::TargetStatus* out) {
  out->set_state(StateOf(figures.state));
  out->set_position(ToInt(figures.position));
  out->set_sent_records(figures.sent_records);
  out->set_sent_bytes(figures.sent_bytes);
  out->set_rate(figures.rate);
  std::uint64_t errors = 0;
  for (const std::uint64_t count : figures.errors) errors += count;
  out->set_errors(errors);
  out->set_last_error(figures.last_error);
  if (figures.last_error_time != 0) ToProto(figures.last_error_time, out->mutable_last_error_time());
  if (figures.retry_time != 0) ToProto(figures.retry_time, out->mutable_retry_time());
  out->set_dead_letters(figures.dead_letters);
  out->set_dead_letters_discarded(figures.letters_discarded);
  out->set_lost_to_retention(figures.lost_to_retention);
  out->set_loops(figures.loops);
  out->set_endpoint(figures.endpoint);
}

}  // namespace

void ToProto(const TargetView& view, v1::TargetInfo* out) {
  *out->mutable_target() = *view.definition;
  out->set_revision(view.revision);
  out->set_from_configuration(view.from_configuration);
  ToProto(view.created, out->mutable_create_time());
  ToProto(view.updated, out->mutable_update_time());
  v1::TargetStatus* status = out->mutable_status();
  FillStatus(view.figures, status);
  FillLag(view.backlog, status);
  status->set_guarantee(GuaranteeText(GuaranteeOf(*view.definition)));
}

}  // namespace cistern
