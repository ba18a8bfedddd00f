#include "service/forward/resolve.h"

#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>

#include "ingest/net/socket_util.h"
#include "service/forward/client_socket.h"

namespace cistern {
namespace {

constexpr int kMostLookups = 32;
std::atomic<int> lookups_under_way{0};

struct FreeList {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

// What the thread that looks up and the one that waits share; the later one frees it.
struct Lookup {
  std::string host, port;
  UniqueFd done{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::atomic<bool> finished{false};
  int error = 0;
  int system_error = 0;
  std::vector<SocketAddress> addresses;

  void Run(int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;  // one entry an address
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    error = getaddrinfo(host.c_str(), port.c_str(), &hints, &list);
    system_error = errno;
    const std::unique_ptr<addrinfo, FreeList> owner(list);
    for (const addrinfo* entry = list; error == 0 && entry; entry = entry->ai_next) {
      SocketAddress& address = addresses.emplace_back();
      std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
      address.size = entry->ai_addrlen;
    }
  }
  std::string ErrorText() const {
    return error == EAI_SYSTEM ? std::generic_category().message(system_error) : gai_strerror(error);
  }
};

bool StartThread(const std::shared_ptr<Lookup>& lookup) {
  if (lookups_under_way.fetch_add(1) >= kMostLookups) {
    lookups_under_way.fetch_sub(1);
    return false;
  }
  std::thread([lookup] {
    lookup->Run(0);
    lookup->finished.store(true, std::memory_order_release);
    const std::uint64_t one = 1;
    (void)!write(lookup->done.get(), &one, sizeof one);
    lookups_under_way.fetch_sub(1);
  }).detach();
  return true;
}

}  // namespace

IpAddress SocketAddress::ip() const { return PeerOf(storage).address; }

std::uint16_t SocketAddress::port() const { return PeerOf(storage).port; }

std::string SocketAddress::ToString() const { return PrintEndpoint(ip(), port()); }

std::string ToString(const HostPort& where) {
  const bool v6 = where.host.find(':') != std::string::npos;
  return (v6 ? "[" + where.host + "]" : where.host) + ":" + std::to_string(where.port);
}

Result<std::vector<SocketAddress>, Failure> Resolve(const HostPort& where,
                                                    std::chrono::steady_clock::time_point deadline,
                                                    const Stop& stop) {
  const auto lookup = std::make_shared<Lookup>();
  lookup->host = where.host;
  lookup->port = std::to_string(where.port);
  lookup->Run(AI_NUMERICHOST);
  if (lookup->error == 0) return std::move(lookup->addresses);
  const std::string what = "the address of " + where.host;
  if (!StartThread(lookup))
    return Failure{FailureReason::kResolve, what + ": too many lookups are under way; name servers are slow"};
  switch (WaitFor(lookup->done.get(), POLLIN, deadline, &stop)) {
    case Waited::kStopped:
      return Failure{FailureReason::kStopped, "stopped"};
    case Waited::kTimeout:
      return Failure{FailureReason::kResolve, what + ": no name server answered in time"};
    case Waited::kReady:
      break;
  }
  if (!lookup->finished.load(std::memory_order_acquire)) return Failure{FailureReason::kResolve, what};
  if (lookup->error != 0) return Failure{FailureReason::kResolve, what + ": " + lookup->ErrorText()};
  if (lookup->addresses.empty()) return Failure{FailureReason::kResolve, what + ": there is none"};
  return std::move(lookup->addresses);
}

}  // namespace cistern
