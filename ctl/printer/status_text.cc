#include "ctl/printer/status_text.h"

#include <fmt/format.h>

#include "absl/time/time.h"
#include "ctl/printer/grid.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"
#include "proto/convert/names.h"

namespace cistern::ctl {
namespace {

std::string LocalTime(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixNanos(ToNs(time)), absl::LocalTimeZone());
}

void AppendState(const v1::GetStatusResponse& status, const StatusStyle& style, std::string& out) {
  const bool ready = status.state() == v1::GetStatusResponse::STATE_READY;
  const Paint paint = ready ? Paint::kGreen : Paint::kBoldRed;
  const std::int64_t up = (style.now_ns - ToNs(status.start_time())) / 1'000'000'000 * 1'000'000'000;
  out += fmt::format("cisternd {} at {}: {}, up {}\n", Visible(status.version()), style.addr,
                     Painted(StateName(status.state()), paint, style.color),
                     FormatSpan(std::max<std::int64_t>(up, 0)));
  if (!status.reason().empty()) out += fmt::format("  {}\n", Visible(status.reason()));
  out += fmt::format("  memory {}, CPU {}, queue {} of {}\n", FormatBytes(status.resident_bytes()),
                     FormatSpan(ToNs(status.cpu_time())), FormatBytes(status.queue_bytes()),
                     FormatBytes(status.queue_limit_bytes()));
}

void AppendCount(std::string_view name, std::uint64_t count, const std::string& detail, std::string& out) {
  out += fmt::format("  {:<12} {:>15}", name, FormatCount(count));
  if (!detail.empty()) out += "  " + detail;
  out += '\n';
}

std::string TransportDetail(const v1::Ledger& ledger) {
  std::string text;
  for (const auto& transport : ledger.transports()) {
    if (transport.messages() == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", TransportName(transport.transport()),
                        FormatCount(transport.messages()));
  }
  return text;
}

std::string DropDetail(const v1::Ledger& ledger) {
  std::string text;
  for (const auto& drop : ledger.dropped()) {
    if (drop.messages() == 0) continue;
    text += fmt::format("{}{} {} {}", text.empty() ? "" : ", ", Visible(drop.stage()), Visible(drop.reason()),
                        FormatCount(drop.messages()));
  }
  return text;
}

std::uint64_t Dropped(const v1::Ledger& ledger) {
  std::uint64_t sum = 0;
  for (const auto& drop : ledger.dropped()) sum += drop.messages();
  return sum;
}

void AppendLedger(const v1::Ledger& ledger, const StatusStyle& style, std::string& out) {
  AppendPainted("\nMessages since the start\n", Paint::kBold, style.color, out);
  AppendCount("received", ledger.received(), TransportDetail(ledger), out);
  AppendCount("stored", ledger.stored(), "", out);
  AppendCount("dropped", Dropped(ledger), DropDetail(ledger), out);
  AppendCount("in flight", ledger.in_flight(), "", out);
  const bool balanced = Balances(ledger);
  out +=
      fmt::format("  received = stored + dropped + in flight: {}\n",
                  balanced ? Painted("yes", Paint::kGreen, style.color)
                           : Painted("NO, messages are missing in the count", Paint::kBoldRed, style.color));
  if (ledger.kernel_drops() > 0) {
    out += fmt::format("  {} more datagrams were dropped by the kernel before they could be read\n",
                       FormatCount(ledger.kernel_drops()));
  }
}

// Only what there was: most listeners refuse nobody.
void AppendRefused(const v1::Listener& listener, std::string& out) {
  const auto line = [&](std::uint64_t count, const char* what) {
    if (count > 0) out += fmt::format("  {}: {} {}\n", listener.name(), FormatCount(count), what);
  };
  line(listener.denied(), "denied by allow and deny");
  line(listener.proxy_refused(), "refused for their PROXY header");
}

void AppendListeners(const v1::GetStatusResponse& status, const StatusStyle& style, std::string& out) {
  AppendPainted("\nListeners\n", Paint::kBold, style.color, out);
  using Align = Grid::Align;
  Grid grid({{"NAME"},
             {"TRANSPORT"},
             {"ADDRESS"},
             {"CONNECTIONS", Align::kRight},
             {"RECEIVE BUFFER", Align::kRight},
             {"KERNEL DROPS", Align::kRight},
             {"CERTIFICATE ENDS"}});
  for (const auto& listener : status.listeners()) {
    const bool stream =
        listener.transport() == v1::TRANSPORT_TCP || listener.transport() == v1::TRANSPORT_TLS;
    grid.AddRow({listener.name(), std::string(TransportName(listener.transport())), listener.address(),
                 stream ? std::to_string(listener.connections()) : "",
                 stream ? "" : FormatBytes(listener.receive_buffer_bytes()),
                 stream ? "" : std::to_string(listener.kernel_drops()),
                 listener.has_certificate_expiry() ? LocalTime(listener.certificate_expiry()) : ""});
  }
  grid.AppendTo(out, false, 2);
  for (const auto& listener : status.listeners()) AppendRefused(listener, out);
}

void AppendRules(const v1::RulesStatus& rules, bool color, std::string& out) {
  AppendPainted("\nRules\n", Paint::kBold, color, out);
  out += fmt::format("  {} of {} rules enabled, {} open event{}\n", rules.enabled(), rules.total(),
                     FormatCount(rules.open_events()), rules.open_events() == 1 ? "" : "s");
  if (rules.lag_records() > 0)
    out += fmt::format("  detections are {} records behind, {}\n", FormatCount(rules.lag_records()),
                       FormatSpan(ToNs(rules.lag()) / 1'000'000'000 * 1'000'000'000));
  if (rules.missed_records() == 0) return;
  const std::string text = fmt::format("  retention took {} records before detections saw them\n",
                                       FormatCount(rules.missed_records()));
  AppendPainted(text, Paint::kBoldRed, color, out);
}

void AppendStore(const v1::StoreStatus& store, const std::string& store_id, bool color, std::string& out) {
  AppendPainted("\nStore\n", Paint::kBold, color, out);
  out += fmt::format("  {} ({})\n", Visible(store.dir()), Visible(store_id));
  out += fmt::format("  {} records in {} log file{}, {}", FormatCount(store.records()), store.log_files(),
                     store.log_files() == 1 ? "" : "s", FormatBytes(store.bytes()));
  if (store.records() > 0) out += fmt::format(" ({} bytes a record)", store.bytes() / store.records());
  out += fmt::format("; {} free\n", FormatBytes(store.free_bytes()));
  if (store.has_oldest_received_time() && store.has_newest_received_time()) {
    out +=
        fmt::format("  {} to {}, ids {} to {}\n", LocalTime(store.oldest_received_time()),
                    LocalTime(store.newest_received_time()), store.first_record_id(), store.last_record_id());
  }
  if (store.quarantined_batches() > 0) {
    const std::string text =
        fmt::format("  {} damaged batches were set aside\n", store.quarantined_batches());
    AppendPainted(text, Paint::kBoldRed, color, out);
  }
}

}  // namespace

std::string_view StateName(v1::GetStatusResponse::State state) {
  switch (state) {
    case v1::GetStatusResponse::STATE_READY:
      return "ready";
    case v1::GetStatusResponse::STATE_DEGRADED:
      return "degraded";
    case v1::GetStatusResponse::STATE_DRAINING:
      return "draining";
    default:
      return "unknown";
  }
}

bool Balances(const v1::Ledger& ledger) {
  return ledger.received() == ledger.stored() + Dropped(ledger) + ledger.in_flight();
}

void AppendStatusText(const v1::GetStatusResponse& status, const StatusStyle& style, std::string& out) {
  AppendState(status, style, out);
  AppendLedger(status.ledger(), style, out);
  AppendListeners(status, style, out);
  if (status.has_rules()) AppendRules(status.rules(), style.color, out);
  AppendStore(status.store(), status.store_id(), style.color, out);
}

}  // namespace cistern::ctl
