#include "service/crash_point.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>

namespace cistern {

std::function<void(std::string_view)> CrashPointFromEnvironment() {
  const char* text = std::getenv("CISTERN_CRASH_AT");
  if (text == nullptr || *text == '\0') return {};
  std::string name = text;
  long times = 1;
  if (const std::size_t colon = name.find(':'); colon != std::string::npos) {
    times = std::strtol(name.c_str() + colon + 1, nullptr, 10);
    name.resize(colon);
  }
  const auto left = std::make_shared<std::atomic<long>>(times);
  return [name, left](std::string_view point) {
    if (point == name && left->fetch_sub(1) == 1) std::raise(SIGKILL);
  };
}

}  // namespace cistern
