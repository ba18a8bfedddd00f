// What comes in, gets lost, and goes on.
#include <fmt/format.h>

#include <algorithm>

#include "cistern/v1/target.pb.h"
#include "service/diagnose/diagnosis.h"
#include "service/diagnose/size_text.h"

namespace cistern {
namespace {

constexpr std::int64_t kFarOff = 5LL * 60 * 1'000'000'000;  // what event time believes
constexpr std::size_t kNamed = 3;
constexpr std::int64_t kLongLag = 60LL * 1'000'000'000;

void DiagnoseBuffer(const ListenerOptions& wanted, const ListenerStatus& status, Diagnoses& out) {
  const std::string about = "listener " + status.name;
  if (status.receive_buffer < wanted.receive_buffer)
    out.Warning(about,
                fmt::format("asked for a receive buffer of {}, was given {}", SizeText(wanted.receive_buffer),
                            SizeText(status.receive_buffer)),
                fmt::format("sysctl net.core.rmem_max={} on the host, or give the daemon CAP_NET_ADMIN",
                            wanted.receive_buffer));
  if (status.kernel_drops > 0)
    out.Warning(about, fmt::format("the kernel dropped {} datagrams since the start", status.kernel_drops),
                "enlarge receive_buffer, or spread the port with sockets: 2");
}

void DiagnoseTarget(const TargetView& target, std::int64_t now, Diagnoses& out) {
  const TargetFigures& figures = target.figures;
  const std::string name = target.definition->name(), about = "target " + name;
  const std::string why = figures.last_error.empty() ? "" : ": " + figures.last_error;
  if (figures.state == TargetState::kBroken)
    return out.Wrong(about, "does not work" + why, "cisternctl targets test " + name);
  if (figures.state == TargetState::kRetrying)
    return out.Warning(about, "cannot deliver" + why, "cisternctl targets test " + name);
  if (figures.state == TargetState::kPaused)
    out.Note(about, "is paused", "cisternctl targets resume " + name);
  if (figures.lost_to_retention > 0)
    out.Warning(about, fmt::format("{} records were deleted before it took them", figures.lost_to_retention),
                "raise storage.retention.hold_for_targets or max_bytes");
  if (figures.dead_letters > 0)
    out.Warning(about, fmt::format("{} dead letters", figures.dead_letters),
                "cisternctl targets dead-letters list " + name);
  const std::int64_t behind = target.backlog.oldest_received == 0 ? 0 : now - target.backlog.oldest_received;
  if (behind > kLongLag && figures.state != TargetState::kPaused)
    out.Warning(about, fmt::format("is {} s behind", behind / 1'000'000'000), "cisternctl targets list");
}

}  // namespace

void DiagnoseListeners(const std::vector<ListenerOptions>& wanted, const std::vector<ListenerStatus>& status,
                       Diagnoses& out) {
  for (const ListenerStatus& listener : status) {
    const auto it = std::find_if(wanted.begin(), wanted.end(),
                                 [&](const ListenerOptions& one) { return one.name == listener.name; });
    const bool datagrams = listener.transport == Transport::kUdp || listener.transport == Transport::kUnix;
    if (datagrams && it != wanted.end()) DiagnoseBuffer(*it, listener, out);
    if (listener.denied > 0)
      out.Note("listener " + listener.name, fmt::format("{} senders' attempts were denied", listener.denied),
               "compare `allow` and `deny` with the log, which names them");
    if (listener.proxy_refused > 0)
      out.Warning("listener " + listener.name,
                  fmt::format("{} connections were refused for their PROXY header", listener.proxy_refused),
                  "compare proxy_protocol with the addresses of the load balancers");
  }
}

void DiagnoseSenders(const std::vector<SenderInfo>& senders, Diagnoses& out) {
  std::string names;
  std::size_t off = 0;
  for (const SenderInfo& sender : senders) {
    if (!sender.clock_skew || (*sender.clock_skew<kFarOff&& * sender.clock_skew> - kFarOff)) continue;
    if (++off <= kNamed)
      names +=
          (names.empty() ? "" : ", ") + (sender.hostname.empty() ? sender.peer.ToString() : sender.hostname);
  }
  if (off == 0) return;
  out.Warning(
      "senders",
      fmt::format("{} of {} have clocks or zones more than 5 minutes off: {}{}", off, senders.size(), names,
                  off > kNamed ? ", ..." : ""),
      "set their clocks, or time_zone.senders for those that send local time; cisternctl senders shows all");
}

void DiagnoseLoss(const LedgerSnapshot& books, Diagnoses& out) {
  bool lost = false;
  for (std::size_t i = 0; i < kDropReasons; ++i) {
    const auto reason = static_cast<DropReason>(i);
    const bool meant = std::string_view(DropStage(reason)) == "rules" || reason == DropReason::kDuplicate ||
                       reason == DropReason::kEmpty || reason == DropReason::kDenied;
    if (books.dropped[i] == 0 || meant) continue;
    lost = true;
    out.Warning("loss",
                fmt::format("{} messages lost since the start: {}", books.dropped[i], DropReasonName(reason)),
                "cisternctl status shows the whole account");
  }
  if (!lost) out.Ok("loss", fmt::format("none of {} messages", books.received_total()));
}

void DiagnoseTargets(const std::vector<TargetView>& targets, std::int64_t now, Diagnoses& out) {
  for (const TargetView& target : targets) DiagnoseTarget(target, now, out);
}

}  // namespace cistern
