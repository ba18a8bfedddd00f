#include "service/forward/syslog_messages.h"

#include <charconv>
#include <cstring>

#include "cistern/v1/target.pb.h"
#include "ingest/parse/scan.h"

namespace cistern {
namespace {

// Room for the octet count of most messages and its space; other counts move the message.
constexpr std::size_t kUsualCount = 4;

SyslogMessages::Framing FramingOf(const v1::SyslogTarget& target) {
  using Framing = SyslogMessages::Framing;
  if (target.transport() == "udp") return Framing::kNone;
  return target.framing() == "lf" ? Framing::kLf : Framing::kOctetCount;
}

void WriteCount(std::string& out, std::size_t start) {
  char count[32];
  char* end = std::to_chars(count, count + 20, out.size() - start - kUsualCount).ptr;
  *end++ = ' ';
  const auto size = static_cast<std::size_t>(end - count);
  if (size == kUsualCount) {
    std::memcpy(out.data() + start, count, size);
  } else {
    out.replace(start, kUsualCount, count, size);
  }
}

void ReplaceLineEnds(std::string& out, std::size_t start) {
  using LineEnd = AnyOf<'\r', '\n'>;
  const std::size_t size = out.size();
  for (std::size_t i = FindFirst<LineEnd>(out, start); i < size; i = FindFirst<LineEnd>(out, i)) out[i] = ' ';
}

}  // namespace

SyslogMessages::SyslogMessages(const v1::SyslogTarget& target, const std::string& store_id)
    : formatter_({RecordFormatter::FormOf(target.format()), target.message_id() ? store_id : "", {}}),
      framing_(FramingOf(target)) {}

void SyslogMessages::Append(const Record& record, std::string& out) {
  const std::size_t start = out.size();
  const std::size_t room = framing_ == Framing::kOctetCount ? kUsualCount : 0;
  out.append(room, ' ');
  formatter_.Append(record, out);
  if (out.size() == start + room) return out.resize(start);
  if (framing_ == Framing::kOctetCount) return WriteCount(out, start);
  if (framing_ == Framing::kNone) return;
  ReplaceLineEnds(out, start);
  out.push_back('\n');
}

}  // namespace cistern
