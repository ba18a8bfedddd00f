#include "ctl/command/listener_probe.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <chrono>
#include <optional>
#include <set>
#include <thread>

#include "cistern/v1/admin_service.pb.h"
#include "cistern/v1/log_service.pb.h"
#include "ctl/printer/time_text.h"
#include "ctl/sender/connection.h"
#include "ctl/sender/load_mark.h"
#include "ctl/sender/syslog_text.h"
#include "ingest/message/wall_time.h"

namespace cistern::ctl {
namespace {

using Level = Diagnosis::Level;

constexpr std::chrono::milliseconds kPollInterval{100};

std::string About(const v1::Listener& listener) { return "listener " + listener.name(); }

// Where the daemon listens on all addresses, it is spoken to where the control plane is.
std::string HostOfDaemon(const std::string& addr) {
  if (addr.starts_with("unix:")) return "127.0.0.1";
  std::string host = addr.substr(0, addr.rfind(':'));
  if (const auto scheme = host.find("://"); scheme != std::string::npos) host.erase(0, scheme + 3);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return host;
}

bool IsLoopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::string Scheme(v1::Transport transport) {
  switch (transport) {
    case v1::TRANSPORT_UDP:
      return "udp://";
    case v1::TRANSPORT_TCP:
      return "tcp://";
    case v1::TRANSPORT_TLS:
      return "tls://";
    default:
      return "unix:";
  }
}

class Probe {
 public:
  Probe(const Context& context, Client& client, std::int64_t wait_ns)
      : context_(context), client_(client), wait_(wait_ns), mark_(MakeRunId()) {}

  std::vector<Diagnosis> Run(const v1::GetStatusResponse& status) {
    for (const v1::Listener& listener : status.listeners()) Send(listener);
    const auto end = std::chrono::steady_clock::now() + std::chrono::nanoseconds(wait_);
    CallStatus asked = Ask();
    while (asked.ok() && arrived_.size() < sent_.size() && std::chrono::steady_clock::now() < end &&
           !context_.stop.stop_requested()) {
      std::this_thread::sleep_for(kPollInterval);
      asked = Ask();
    }
    for (const std::string& name : sent_) Judge(name, asked);
    return std::move(found_);
  }

 private:
  // Null when the listener cannot be reached from here.
  std::optional<Endpoint> EndpointOf(const v1::Listener& listener) {
    std::string address = listener.address();
    const std::string daemon = HostOfDaemon(context_.addr);
    if (listener.transport() == v1::TRANSPORT_UNIX) {
      struct stat info {};
      if (::stat(address.c_str(), &info) != 0) {
        found_.push_back({Level::kNote, About(listener), address + " is not on this machine: not tried", ""});
        return std::nullopt;
      }
    } else {
      const std::string port = address.substr(address.rfind(':'));
      std::string host = address.substr(0, address.size() - port.size());
      const bool all = host == "0.0.0.0" || host == "[::]";
      if (!all && IsLoopback(host == "[::1]" ? "::1" : host) && !IsLoopback(daemon)) {
        found_.push_back(
            {Level::kNote, About(listener), "takes messages of its own machine only: not tried", ""});
        return std::nullopt;
      }
      if (all) address = (daemon.find(':') == std::string::npos ? daemon : "[" + daemon + "]") + port;
    }
    const auto endpoint = ParseEndpoint(Scheme(listener.transport()) + address);
    return endpoint ? std::optional(*endpoint) : std::nullopt;
  }

  void Send(const v1::Listener& listener) {
    const auto endpoint = EndpointOf(listener);
    if (!endpoint) return;
    std::string error, message;
    const TlsOptions tls{
        .ca_file = {}, .cert_file = context_.tls.cert, .key_file = context_.tls.key, .insecure = true};
    const auto connection = OpenConnection(*endpoint, tls, error);
    SyslogHeader header;
    header.app_name = "cisternctl";
    header.msgid = "doctor";
    AppendSyslog(header, WallTime(), "cistern doctor " + mark_, message);
    Batch batch(endpoint->stream() ? SendFraming::kOctet : SendFraming::kNone);
    batch.Add(message);
    if (connection && connection->Send(batch) == 1 && connection->Finish()) {
      sent_.push_back(listener.name());
      return;
    }
    const bool tls_listener = listener.transport() == v1::TRANSPORT_TLS;
    found_.push_back({Level::kWrong, About(listener),
                      "takes no message: " + (connection ? connection->error() : error),
                      tls_listener ? "cisternctl tls check " + endpoint->Address()
                                   : "look at its address, its rules for senders and the firewall"});
  }

  CallStatus Ask() {
    v1::QueryRequest request;
    request.set_filter("app:cisternctl \"cistern doctor " + mark_ + "\"");
    request.set_limit(sent_.size() + 1);
    return client_.Query(request, [&](v1::QueryResponse& response) {
      for (const v1::Record& record : response.records()) arrived_.insert(record.listener());
      return true;
    });
  }

  void Judge(const std::string& name, const CallStatus& asked) {
    const std::string about = "listener " + name;
    if (arrived_.contains(name)) {
      found_.push_back({Level::kOk, about, "a message came through, was stored and found", ""});
    } else if (!asked.ok()) {
      found_.push_back(
          {Level::kWrong, about, "took a message, but asking for it failed: " + asked.message, ""});
    } else {
      found_.push_back({Level::kWrong, about,
                        fmt::format("took a message, but it is not stored after {}", FormatSpan(wait_)),
                        "a rule or the listener's `deny` may drop it: cisternctl status shows losses"});
    }
  }

  const Context& context_;
  Client& client_;
  const std::int64_t wait_;
  const std::string mark_;
  std::vector<std::string> sent_;
  std::set<std::string> arrived_;
  std::vector<Diagnosis> found_;
};

}  // namespace

std::vector<Diagnosis> ProbeListeners(const Context& context, Client& client,
                                      const v1::GetStatusResponse& status, std::int64_t wait_ns) {
  return Probe(context, client, wait_ns).Run(status);
}

}  // namespace cistern::ctl
