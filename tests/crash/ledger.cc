#include "tests/crash/ledger.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

namespace cistern::crash {
namespace {

using Records = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

std::string Text(std::uint64_t number) { return std::to_string(number); }

// Everything in one order, ids and digests. The error, if there is one.
std::string ReadAll(Store& store, ScanOrder order, Records& found) {
  const auto scan = store.NewScan({.order = order});
  for (;;) {
    Result<std::unique_ptr<StoredBatch>> batch = scan->Next();
    if (!batch) return "scan: " + batch.error().message();
    if (!*batch) return "";
    (*batch)->Check();
    if ((*batch)->damaged()) return "batch from id " + Text(ToInt((*batch)->first_id())) + " is damaged";
    Records rows;
    for (std::size_t i = 0; i < (*batch)->size(); ++i) {
      const Record record = (*batch)->Row(i);
      rows.emplace_back(ToInt(record.id), DigestOf(record));
    }
    if (order == ScanOrder::kNewestFirst) std::reverse(rows.begin(), rows.end());
    found.insert(found.end(), rows.begin(), rows.end());
  }
}

}  // namespace

std::uint64_t DigestOf(const Record& record) {
  std::uint64_t digest = 0;
  const auto add = [&](auto value) {
    digest = (digest ^ std::hash<decltype(value)>()(value)) * 0x9e3779b97f4a7c15;
  };
  for (const std::int64_t value : {record.received, record.time}) add(value);
  for (const std::string_view text :
       {record.listener, record.tls_identity, record.hostname, record.app_name, record.procid, record.msgid,
        record.structured_data, record.message, record.raw, record.tags})
    add(text);
  for (const unsigned value :
       {unsigned{record.port}, static_cast<unsigned>(record.transport), static_cast<unsigned>(record.format),
        unsigned{record.facility}, unsigned{record.severity}, record.flags, unsigned{record.shape.code}})
    add(value);
  add(record.peer.ToString());
  return digest;
}

Ledger::Commit Ledger::Make(const RecordBatch& batch, std::span<const ClientSequence> sequences,
                            const std::string& file) {
  Commit commit;
  for (const Record& record : batch.records())
    commit.records.emplace_back(ToInt(record.id), DigestOf(record));
  commit.sequences.assign(sequences.begin(), sequences.end());
  commit.file = file;
  return commit;
}

void Ledger::Stored(const RecordBatch& batch, std::span<const ClientSequence> sequences,
                    const std::string& file) {
  commits_.push_back(Make(batch, sequences, file));
  acknowledged_ += batch.size();
  highest_ = commits_.back().records.back().first;
  for (const ClientSequence& client : sequences) sequences_[client.client_id] = client.sequence;
}

void Ledger::Unknown(const RecordBatch& batch, std::span<const ClientSequence> sequences,
                     const std::string& file) {
  if (ToInt(batch.records().front().id) <= highest_) return;  // it did not come so far as to get ids
  commits_.push_back(Make(batch, sequences, file));
  commits_.back().state = State::kUnknown;
}

void Ledger::UnknownIsGone() {
  std::erase_if(commits_, [](const Commit& commit) { return commit.state == State::kUnknown; });
}

void Ledger::Expired(const std::vector<Gap>& gone) {
  std::erase_if(commits_, [&](const Commit& commit) {
    const std::uint64_t id = commit.records.front().first;
    return std::any_of(gone.begin(), gone.end(),
                       [id](const Gap& gap) { return ToInt(gap.first) <= id && id <= ToInt(gap.last); });
  });
}

void Ledger::MayExpireAllBut(const std::string& file) {
  for (Commit& commit : commits_)
    if (commit.state == State::kStored && commit.file != file) commit.state = State::kExpiring;
}

void Ledger::CursorMoved(const std::string& name, RecordId position, bool acknowledged) {
  Cursor& cursor = cursors_[name];
  cursor.tried = position;
  if (acknowledged) cursor.sure = position;
}

std::string Ledger::Verify(Store& store) {
  Records forward, backward;
  if (std::string error = ReadAll(store, ScanOrder::kOldestFirst, forward); !error.empty()) return error;
  if (std::string error = ReadAll(store, ScanOrder::kNewestFirst, backward); !error.empty()) return error;
  std::reverse(backward.begin(), backward.end());
  if (forward != backward) return "the two orders give different records";
  if (std::string error = Compare(forward); !error.empty()) return error;
  if (!commits_.empty() && store.last_id() != RecordId{commits_.back().records.back().first})
    return "the last id is " + Text(ToInt(store.last_id()));
  if (std::string error = VerifyClients(store); !error.empty()) return error;
  return VerifyCursors(store);
}

std::string Ledger::Compare(const Records& found) {
  std::vector<bool> there;
  std::size_t at = 0;
  for (const Commit& commit : commits_) {
    const auto& first = commit.records.front();
    if (at != found.size() && found[at].first < first.first) break;
    if (at == found.size() || found[at].first != first.first) {
      if (commit.state == State::kStored)
        return "records from id " + Text(first.first) + " in " + commit.file +
               " are lost; next found: " + (at == found.size() ? "none" : Text(found[at].first));
      there.push_back(false);
      continue;
    }
    for (const auto& record : commit.records) {
      if (at == found.size() || found[at].first != record.first)
        return "of the commit from id " + Text(first.first) + " record " + Text(record.first) + " is missing";
      if (found[at++].second != record.second)
        return "record " + Text(record.first) + " is not what was stored";
    }
    there.push_back(true);
  }
  if (at != found.size()) return "record " + Text(found[at].first) + " should not be there";
  return Settle(there);
}

std::string Ledger::Settle(const std::vector<bool>& there) {
  std::map<std::string, bool> files;  // those that may have gone: whether they are there
  bool kept = false;                  // an older file that might have gone is still there
  std::vector<Commit> left;
  for (std::size_t i = 0; i < commits_.size(); ++i) {
    Commit& commit = commits_[i];
    if (commit.state == State::kExpiring) {
      const auto [entry, is_new] = files.emplace(commit.file, there[i]);
      if (entry->second != there[i]) return "half of " + commit.file + " is gone";
      if (is_new && kept && !there[i]) return commit.file + " is gone, but an older one is not";
      kept = kept || there[i];
    }
    if (!there[i]) continue;
    if (commit.state == State::kUnknown)
      for (const ClientSequence& client : commit.sequences) sequences_[client.client_id] = client.sequence;
    commit.state = State::kStored;
    highest_ = std::max(highest_, commit.records.back().first);
    left.push_back(std::move(commit));
  }
  commits_ = std::move(left);
  return "";
}

std::string Ledger::VerifyClients(Store& store) {
  for (const auto& [client, sequence] : sequences_)
    if (store.LastSequence(client) != sequence)
      return client + " is at sequence " + Text(store.LastSequence(client)) + ", not " + Text(sequence);
  return "";
}

std::string Ledger::VerifyCursors(Store& store) {
  for (auto& [name, cursor] : cursors_) {
    const RecordId found = store.GetCursor(name).value_or(RecordId{0});
    if (found != cursor.sure && found != cursor.tried)
      return "cursor " + name + " is at " + Text(ToInt(found)) + ", not " + Text(ToInt(cursor.sure));
    cursor.sure = cursor.tried = found;
  }
  return "";
}

}  // namespace cistern::crash
