#include "service/forward/mail_group.h"

#include <algorithm>

#include "proto/convert/utf8.h"

namespace cistern {
namespace {

constexpr std::size_t kLongestMessage = 4096;
constexpr std::size_t kLongestTags = 32 << 10;  // those of an event fit
constexpr std::size_t kLongestName = 256;

// As UTF-8, at most about `longest` octets.
std::string Shortened(std::string_view text, std::size_t longest) {
  std::string out;
  AppendUtf8(text.substr(0, longest), out);
  if (text.size() > longest) out += "...";
  return out;
}

void AppendVarint(std::uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

}  // namespace

ShownRecord ToShown(const Record& record) {
  return {.id = ToInt(record.id),
          .time = record.time == kNoTime ? record.received : record.time,
          .severity = record.severity,
          .facility = record.facility,
          .host = Shortened(record.hostname, kLongestName),
          .app = Shortened(record.app_name, kLongestName),
          .peer = record.peer.ToString(),
          .message = Shortened(record.message, kLongestMessage),
          .tags = record.tags.size() > kLongestTags ? std::string() : std::string(record.tags)};
}

void MailGroup::Add(const Record& record, bool show) {
  const std::uint64_t id = ToInt(record.id);
  AppendVarint(id - last_id, ids);
  if (count++ == 0) {
    first_id = id;
    first_received = last_received = record.received;
  }
  last_id = id;
  first_received = std::min(first_received, record.received);
  last_received = std::max(last_received, record.received);
  if (show) shown.push_back(ToShown(record));
}

std::vector<RecordId> MailGroup::Ids() const {
  std::vector<RecordId> result;
  std::uint64_t id = 0, difference = 0;
  int shift = 0;
  for (const char c : ids) {
    difference |= static_cast<std::uint64_t>(c & 0x7f) << shift;
    shift += 7;
    if ((c & 0x80) != 0) continue;
    result.push_back(RecordId(id += difference));
    difference = 0;
    shift = 0;
  }
  return result;
}

std::size_t MailGroup::shown_bytes() const {
  std::size_t bytes = 0;
  for (const ShownRecord& record : shown) bytes += record.bytes();
  return bytes;
}

bool MailGroups::Add(const std::string& key, std::vector<std::string> values, const Record& record,
                     const std::function<std::int64_t()>& due) {
  const auto [at, added] = groups_.try_emplace(key);
  MailGroup& group = at->second;
  if (added) {
    group.values = std::move(values);
    group.due = due();
  }
  const std::size_t ids_before = group.ids.size();
  const bool show = group.shown.size() < show_ && shown_bytes_ < kMostShownBytes;
  group.Add(record, show);
  id_bytes_ += group.ids.size() - ids_before;
  if (show) shown_bytes_ += group.shown.back().bytes();
  return added;
}

void MailGroups::Remove(const std::string& key) {
  const auto at = groups_.find(key);
  if (at == groups_.end()) return;
  shown_bytes_ -= at->second.shown_bytes();
  id_bytes_ -= at->second.ids.size();
  groups_.erase(at);
}

const std::pair<const std::string, MailGroup>* MailGroups::First() const {
  const auto first = std::min_element(groups_.begin(), groups_.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second.due, a.second.first_id) < std::pair(b.second.due, b.second.first_id);
  });
  return first == groups_.end() ? nullptr : &*first;
}

std::optional<std::uint64_t> MailGroups::OldestId() const {
  std::optional<std::uint64_t> oldest;
  for (const auto& [key, group] : groups_) oldest = std::min(oldest.value_or(group.first_id), group.first_id);
  return oldest;
}

}  // namespace cistern
