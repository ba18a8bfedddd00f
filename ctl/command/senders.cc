#include <fmt/format.h>

#include "cistern/v1/admin_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/printer/grid.h"
#include "ctl/printer/time_text.h"
#include "proto/convert/json.h"
#include "proto/convert/names.h"

namespace cistern::ctl {
namespace {

constexpr std::uint64_t kPageSize = 1000;

struct SendersOptions {
  std::string match;
  std::uint64_t limit = 100;
  std::string output = "table";
};

// Fetches pages until `limit` senders are there; 0: all. `total`: how many match in all.
CallStatus Fetch(Client& client, const SendersOptions& options, std::vector<v1::Sender>& senders,
                 std::uint64_t& total) {
  v1::ListSendersRequest request;
  request.set_match(options.match);
  do {
    const std::uint64_t missing = options.limit == 0 ? kPageSize : options.limit - senders.size();
    request.set_page_size(static_cast<std::int32_t>(std::min(missing, kPageSize)));
    v1::ListSendersResponse response;
    if (const auto status = client.ListSenders(request, response); !status.ok()) return status;
    senders.insert(senders.end(), response.senders().begin(), response.senders().end());
    total = static_cast<std::uint64_t>(response.total_size());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty() && (options.limit == 0 || senders.size() < options.limit));
  return {};
}

std::string Ago(const google::protobuf::Timestamp& time, std::int64_t now_ns) {
  return FormatSpan(std::max<std::int64_t>(0, (now_ns - ToNs(time)) / 1'000'000'000 * 1'000'000'000)) +
         " ago";
}

void AppendTable(const std::vector<v1::Sender>& senders, const Context& context, std::string& out) {
  using Align = Grid::Align;
  Grid grid({{"ADDRESS"},
             {"HOST"},
             {"LAST SEEN"},
             {"COUNT", Align::kRight},
             {"FORMAT"},
             {"FRAMING"},
             {"TRANSPORT"},
             {"SKEW", Align::kRight},
             {"FAILURES", Align::kRight},
             {"TLS IDENTITY"}});
  for (const v1::Sender& sender : senders) {
    grid.AddRow({sender.peer_address(), sender.hostname(), Ago(sender.last_seen(), context.now_ns),
                 std::to_string(sender.messages()), std::string(FormatName(sender.format())),
                 sender.framing(), std::string(TransportName(sender.transport())),
                 sender.has_clock_skew() ? FormatSpan(ToNs(sender.clock_skew())) : "",
                 std::to_string(sender.parse_failures()), sender.tls_identity()});
  }
  grid.AppendTo(out, context.color);
}

void AppendJson(const v1::Sender& sender, std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  json.OptionalString("peer", sender.peer_address()).OptionalString("hostname", sender.hostname());
  json.Key("first_seen").Time(sender.first_seen()).Key("last_seen").Time(sender.last_seen());
  json.Key("messages").Number(sender.messages()).Key("octets").Number(sender.octets());
  json.OptionalString("transport", TransportName(sender.transport()));
  json.OptionalString("listener", sender.listener()).OptionalString("format", FormatName(sender.format()));
  json.OptionalString("framing", sender.framing()).OptionalString("tls_identity", sender.tls_identity());
  if (sender.has_clock_skew()) json.Key("clock_skew_seconds").Seconds(ToNs(sender.clock_skew()));
  json.Key("parse_failures").Number(sender.parse_failures());
  json.EndObject();
  out += '\n';
}

void RunSenders(Context& context, const SendersOptions& options) {
  std::vector<v1::Sender> senders;
  std::uint64_t total = 0;
  Client client(context);
  if (Report(context, Fetch(client, options, senders, total)) != kExitOk) return;
  Output output(context);
  if (options.output == "json") {
    for (const v1::Sender& sender : senders) AppendJson(sender, output.text());
    return;
  }
  if (senders.empty()) return Note(context, "no senders");
  AppendTable(senders, context, output.text());
  if (senders.size() < total) {
    Note(context, fmt::format("{} of {} senders, latest first (-n 0 shows all)", senders.size(), total));
  }
}

}  // namespace

void RegisterSenders(CLI::App& root, Context& context) {
  auto& command =
      AddCommand(root, "senders", "Lists who has sent messages since the daemon started, latest first");
  auto options = std::make_shared<SendersOptions>();
  AddText(command, "MATCH", options->match, "", "Only those whose address or host name holds this text");
  AddNumber(command, "-n,--limit", options->limit, "At most N senders; 0: all (default 100)");
  AddOverviewOutput(command, options->output);
  AddExamples(
      command,
      "SKEW is message time minus receive time of the latest message; FAILURES counts messages that were\n"
      "stored raw because no grammar fitted.",
      {"senders", "senders web- -o json"});
  OnRun(command, [&context, options] { RunSenders(context, *options); });
}

}  // namespace cistern::ctl
