#include "service/stdout_printer.h"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <climits>

#include "ingest/message/shape.h"
#include "service/cursor/cursor.h"

namespace cistern {
namespace {

using std::chrono::steady_clock;
constexpr auto kPoll = std::chrono::milliseconds(200);

void AppendLine(const Record& record, std::string& raw, std::string& out) {
  for (const char c : SeverityName(record.severity)) {
    out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  out += ':';
  out += record.peer.ToString();
  out += ':';
  RebuildRaw(record, raw);
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  out += '\n';
}

}  // namespace

StdoutPrinter::StdoutPrinter(Store& store)
    : store_(store), thread_([this, after = store.last_id()] { Run(after); }) {}

StdoutPrinter::~StdoutPrinter() {
  if (thread_.joinable()) Stop(steady_clock::now());
}

void StdoutPrinter::Stop(steady_clock::time_point deadline) {
  deadline_.store(deadline.time_since_epoch().count());
  stopping_.store(true);
  if (thread_.joinable()) thread_.join();
}

void StdoutPrinter::Run(RecordId after) {
  Cursor cursor(store_, Filter(), after);
  std::string raw, text;
  for (;;) {
    const auto state = cursor.Next();
    if (!state) {
      spdlog::error("--stdout ends: {}", state.error().message());
      return;
    }
    if (const auto gap = cursor.TakeGap())
      spdlog::warn("--stdout missed {} records that retention deleted", gap->records);
    if (*state == Cursor::State::kCaughtUp) {
      if (stopping_.load()) return;
      store_.WaitForCommit(cursor.position(), kPoll);
      continue;
    }
    text.clear();
    if (*state == Cursor::State::kMatches) {
      for (const std::uint32_t row : cursor.rows()) AppendLine(cursor.view().Row(row), raw, text);
    }
    if (!Write(text)) return;
  }
}

bool StdoutPrinter::GiveUp() const {
  return steady_clock::now().time_since_epoch().count() >= deadline_.load();
}

// Writes no more than a pipe takes without blocking, so that the end of the process never waits for a reader.
bool StdoutPrinter::Write(std::string_view text) {
  while (!text.empty()) {
    pollfd ready{STDOUT_FILENO, POLLOUT, 0};
    const int n = poll(&ready, 1, static_cast<int>(kPoll.count()));
    if (n == 0 && GiveUp()) return false;
    if (n <= 0) continue;
    const ssize_t written = write(STDOUT_FILENO, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (written < 0 && errno != EINTR && errno != EAGAIN) return false;  // nobody reads any more
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace cistern
