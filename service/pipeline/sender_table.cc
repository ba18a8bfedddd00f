#include "service/pipeline/sender_table.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace cistern {
namespace {

bool ContainsNoCase(std::string_view text, std::string_view part) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [&](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

void Assign(std::string& to, std::string_view from) {
  if (to != from) to.assign(from);
}

void Update(SenderInfo& row, const Record& record) {
  row.last_seen = record.received;
  ++row.messages;
  row.octets += record.raw.empty() ? record.message.size() : record.raw.size();
  if (record.format == Format::kRaw) ++row.parse_failures;
  row.transport = record.transport;
  row.format = record.format;
  row.frame_kind = record.frame_kind;
  Assign(row.listener, record.listener);
  Assign(row.tls_identity, record.tls_identity);
  if (record.time != kNoTime) row.clock_skew = record.time - record.received;
}

}  // namespace

std::size_t SenderTable::KeyHash::operator()(const Key& key) const {
  std::uint64_t words[2];
  std::memcpy(words, key.peer.octets().data(), sizeof words);
  const std::size_t host = std::hash<std::string_view>{}(key.hostname);
  return host ^ (words[0] * 0x9e3779b97f4a7c15u) ^ (words[1] * 0xc2b2ae3d27d4eb4fu);
}

SenderInfo& SenderTable::FindOrAddLocked(const Record& record) {
  const std::string_view hostname = record.hostname.substr(0, kMaxHostname);
  if (const auto it = index_.find(Key{record.peer, hostname}); it != index_.end()) {
    if (it->second != rows_.begin()) rows_.splice(rows_.begin(), rows_, it->second);
    return *it->second;
  }
  if (rows_.size() >= kCapacity) {
    index_.erase(Key{rows_.back().peer, rows_.back().hostname});
    rows_.pop_back();
  }
  rows_.emplace_front();
  SenderInfo& row = rows_.front();
  row.peer = record.peer;
  row.hostname.assign(hostname);
  row.first_seen = record.received;
  index_.emplace(Key{row.peer, row.hostname}, rows_.begin());
  return row;
}

void SenderTable::Observe(const RecordBatch& batch) {
  std::lock_guard lock(mutex_);
  SenderInfo* last = nullptr;
  for (const Record& record : batch.records()) {
    if (last == nullptr || last->peer != record.peer ||
        last->hostname != record.hostname.substr(0, kMaxHostname)) {
      last = &FindOrAddLocked(record);
    }
    Update(*last, record);
  }
}

std::vector<SenderInfo> SenderTable::List(std::size_t offset, std::size_t limit, std::string_view match,
                                          std::size_t* total) const {
  std::vector<SenderInfo> out;
  std::size_t matching = 0;
  std::lock_guard lock(mutex_);
  for (const SenderInfo& row : rows_) {
    if (!match.empty() && !ContainsNoCase(row.hostname, match) &&
        !ContainsNoCase(row.peer.ToString(), match)) {
      continue;
    }
    if (matching >= offset && out.size() < limit) out.push_back(row);
    ++matching;
  }
  if (total != nullptr) *total = matching;
  return out;
}

std::size_t SenderTable::size() const {
  std::lock_guard lock(mutex_);
  return rows_.size();
}

}  // namespace cistern
