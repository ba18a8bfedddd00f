#include "service/events/silences.h"

#include "proto/convert/record.h"
#include "service/forward/spec.h"

namespace cistern {
namespace {

constexpr std::int64_t kKept = 86'400'000'000'000;
constexpr std::size_t kLongestComment = 4096;

}  // namespace

std::string Silences::Check(const v1::Silence& silence, std::int64_t now) {
  if (!IsTargetName(silence.name())) return "name: 1 to 63 small letters, digits, `-` and `_`";
  if (silence.filter().find_first_not_of(" \t\r\n") == std::string::npos)
    return "filter: must say which events; `tag.event:*` is all";
  if (const auto filter = Filter::Parse(silence.filter()); !filter)
    return "filter: " + filter.error().ToString();
  if (!silence.has_end_time()) return "end_time: must be given";
  const std::int64_t end = FromProto(silence.end_time());
  if (end <= now) return "end_time: is past";
  if (silence.has_start_time() && end <= FromProto(silence.start_time()))
    return "end_time: must be behind start_time";
  if (silence.comment().size() > kLongestComment) return "comment: at most 4096 octets";
  if (silence.who().size() > 256) return "who: at most 256 octets";
  return {};
}

bool Silences::Put(const v1::Silence& silence) {
  auto filter = Filter::Parse(silence.filter());
  if (!filter) return false;
  silences_.insert_or_assign(
      silence.name(),
      Entry{silence, std::move(*filter), FromProto(silence.start_time()), FromProto(silence.end_time())});
  return true;
}

std::string Silences::Of(const Record& record, std::int64_t now) const {
  for (const auto& [name, entry] : silences_) {
    if (entry.start <= now && now < entry.end && entry.filter.Matches(record)) return name;
  }
  return {};
}

const v1::Silence* Silences::Find(const std::string& name) const {
  const auto it = silences_.find(name);
  return it == silences_.end() ? nullptr : &it->second.silence;
}

std::vector<v1::Silence> Silences::List(bool expired, std::int64_t now) const {
  std::vector<v1::Silence> out;
  for (const auto& [name, entry] : silences_) {
    if (expired || now < entry.end) out.push_back(entry.silence);
  }
  return out;
}

std::vector<std::string> Silences::Forgotten(std::int64_t now) const {
  std::vector<std::string> out;
  for (const auto& [name, entry] : silences_) {
    if (entry.end + kKept <= now) out.push_back(name);
  }
  return out;
}

}  // namespace cistern
