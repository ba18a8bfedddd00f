#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "ctl/command/commands.h"
#include "ctl/run.h"

namespace {

int TerminalColumns() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

int main(int argc, char** argv) {
  // gRPC would print its own view of every failed connection beside ours.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  setenv("GRPC_DNS_RESOLVER", "native", 0);  // the system's: /etc/hosts and nsswitch, as every other tool
  std::ios::sync_with_stdio(false);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const cistern::ctl::Environment environment{
      .out = std::cout,
      .err = std::cerr,
      .terminal = isatty(STDOUT_FILENO) != 0,
      .err_terminal = isatty(STDERR_FILENO) != 0,
      .columns = TerminalColumns(),
      .now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count(),
  };
  try {
    return cistern::ctl::RunCtl({argv + 1, argv + argc}, environment);
  } catch (const std::exception& error) {
    std::cerr << "cisternctl: " << error.what() << '\n';
    return cistern::ctl::kExitSoftware;
  }
}
