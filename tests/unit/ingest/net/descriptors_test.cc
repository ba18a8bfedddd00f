// A process without descriptors, in a child so that nobody else suffers.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ctime>
#include <memory>
#include <vector>

#include "tests/unit/ingest/net/fakes.h"

namespace cistern::testing {
namespace {

using namespace std::chrono_literals;

double ProcessCpuSeconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

UniqueFd ConnectTo(std::uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return UniqueFd();
  return fd;
}

constexpr int kWanted = 60;

// The server's process: few descriptors; ends with 0 when it refused some peers, stayed calm and served
// again.
int ServeWithFewDescriptors(int port_pipe, int release_pipe) {
  ListenerOptions options = TcpListener();
  options.max_connections_per_peer = 0;
  Rig rig({.io_threads = 1});
  rig.Start({options});
  const std::string address = rig.address();
  const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  // The sanitizers need descriptors themselves when they meet a type for the first time.
  Client(address, SOCK_STREAM).Send("<13>before\n");
  rig.sink.WaitFor(1);
  rig.events.WaitForClosed(1);
  const rlimit limit{40, 40};
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (::write(port_pipe, &port, sizeof port) != sizeof port) return 1;
  if (rig.events.WaitForClosed(2).reason != CloseReason::kOutOfDescriptors) return 2;
  const double before = ProcessCpuSeconds();
  char octet;
  if (::read(release_pipe, &octet, 1) != 0) return 3;  // until the parent's clients are gone
  if (ProcessCpuSeconds() - before > 5.0) return 4;
  const std::size_t served = rig.sink.WaitFor(2).size();
  rig.Drain();
  return served >= 2 ? 0 : 5;
}

TEST(DescriptorsTest, ExhaustionRefusesPeersAndPasses) {
  int port_pipe[2];
  int release_pipe[2];
  ASSERT_EQ(::pipe(port_pipe), 0);
  ASSERT_EQ(::pipe(release_pipe), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(release_pipe[1]);
    ::_exit(ServeWithFewDescriptors(port_pipe[1], release_pipe[0]));
  }
  std::uint16_t port = 0;
  ASSERT_EQ(::read(port_pipe[0], &port, sizeof port), static_cast<ssize_t>(sizeof port));
  std::vector<UniqueFd> clients;
  for (int i = 0; i < kWanted; ++i) clients.push_back(ConnectTo(port));
  // The last one was refused, not left hanging.
  char octet;
  EXPECT_LE(::recv(clients.back().get(), &octet, 1, 0), 0);
  clients.clear();
  for (int* ends : {port_pipe, release_pipe}) {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  int status = -1;
  for (bool served = false; !served;) {
    // Descriptors come back when the server has noticed the ends; until then a peer may be refused.
    const UniqueFd client = ConnectTo(port);
    if (client.valid()) static_cast<void>(::send(client.get(), "<13>back\n", 9, MSG_NOSIGNAL));
    served = ::waitpid(child, &status, WNOHANG) == child;
    if (!served) ::usleep(10'000);
  }
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace cistern::testing
