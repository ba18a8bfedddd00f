#include "tests/crash/ledger.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "storage/filter/filter.h"

namespace cistern::crash {
namespace {

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

Commit CommitOf(const RecordBatch& batch, std::span<const ClientSequence> sequences, std::string file) {
  Commit commit{{}, {}, {sequences.begin(), sequences.end()}, std::move(file)};
  const Filter filter = *Filter::Parse(kWordThatGoes);
  for (const Record& record : batch.records()) {
    commit.records.emplace_back(ToInt(record.id), DigestOf(record));
    commit.received.push_back(filter.Matches(record) ? record.received : kNever);
  }
  return commit;
}

void Ledger::TakeSequences(const Commit& commit) {
  for (const ClientSequence& client : commit.sequences) {
    std::uint64_t& known = sequences_[client.client_id];
    known = std::max(known, client.sequence);
  }
}

// Imported records get ids below those of live ones, so entries do not come in order.
std::vector<Ledger::Entry>::iterator Ledger::Place(std::uint64_t first) {
  return std::lower_bound(entries_.begin(), entries_.end(), first,
                          [](const Entry& entry, std::uint64_t id) { return entry.first() < id; });
}

// Whether an id of the commit was acknowledged before.
bool Ledger::WasGiven(const Commit& commit) const {
  const auto next = given_.lower_bound(commit.records.front().first);
  if (next != given_.end() && next->first <= commit.records.back().first) return true;
  return next != given_.begin() && std::prev(next)->second >= commit.records.front().first;
}

void Ledger::Tried(const Commit& commit) {
  const std::uint64_t first = commit.records.front().first;
  if (first == 0 || WasGiven(commit)) return;  // it did not come so far as to get ids
  const auto at = Place(first);
  if (at == entries_.end() || at->first() != first) entries_.insert(at, {commit, State::kTried});
}

void Ledger::Stored(const Commit& commit) {
  const std::uint64_t first = commit.records.front().first;
  if (WasGiven(commit)) fault_ = "id " + Text(first) + " again";
  const auto at = Place(first);
  if (at != entries_.end() && at->first() == first) {
    *at = {commit};
  } else {
    entries_.insert(at, {commit});
  }
  acknowledged_ += commit.records.size();
  given_[first] = commit.records.back().first;
  TakeSequences(commit);
}

void Ledger::TriedIsGone() {
  std::erase_if(entries_, [](const Entry& entry) { return entry.state == State::kTried; });
}

void Ledger::TriedLingers() {
  for (Entry& entry : entries_)
    if (entry.state == State::kTried) entry.state = State::kLingering;
}

void Ledger::Expired(const std::vector<Gap>& gone) {
  std::erase_if(entries_, [&](const Entry& entry) {
    return std::any_of(gone.begin(), gone.end(), [&](const Gap& gap) {
      return ToInt(gap.first) <= entry.last() && entry.first() <= ToInt(gap.last);
    });
  });
  for (Entry& entry : entries_)
    if (entry.state == State::kExpiring) entry.state = State::kStored;
}

void Ledger::Expiring(const std::string& but) {
  for (Entry& entry : entries_)
    if (entry.state == State::kStored && entry.commit.file != but) entry.state = State::kExpiring;
}

void Ledger::Thinning(std::int64_t before) { thinned_before_ = std::max(thinned_before_, before); }

void Ledger::Thinned(const std::vector<Gap>& ranges) {
  for (Entry& entry : entries_) {
    Commit& commit = entry.commit;
    Records records;
    std::vector<std::int64_t> received;
    for (std::size_t i = 0; i < commit.records.size(); ++i) {
      const std::uint64_t id = commit.records[i].first;
      const bool gone =
          commit.received[i] < thinned_before_ && std::ranges::any_of(ranges, [id](const Gap& range) {
            return ToInt(range.first) <= id && id <= ToInt(range.last);
          });
      if (gone) continue;
      records.push_back(commit.records[i]);
      received.push_back(commit.received[i]);
    }
    commit.records = std::move(records);
    commit.received = std::move(received);
  }
}

void Ledger::CursorMoves(const std::string& name, RecordId position) {
  cursors_[name].tried.insert(position);
}

void Ledger::CursorMoved(const std::string& name, RecordId position) { cursors_[name] = {position, {}}; }

std::string Ledger::Verify(Store& store) {
  Records forward, backward;
  if (std::string error = ReadAll(store, ScanOrder::kOldestFirst, forward); !error.empty()) return error;
  if (std::string error = ReadAll(store, ScanOrder::kNewestFirst, backward); !error.empty()) return error;
  std::reverse(backward.begin(), backward.end());
  if (forward != backward) return "the two orders give different records";
  if (std::string error = Compare(forward); !error.empty()) return error;
  const auto last = std::find_if(entries_.rbegin(), entries_.rend(),
                                 [](const Entry& entry) { return entry.state == State::kStored; });
  if (last != entries_.rend() && IsSure(*last) && ToInt(store.last_id()) != last->last())
    return "the last id is " + Text(ToInt(store.last_id()));
  if (std::string error = VerifyClients(store); !error.empty()) return error;
  return VerifyCursors(store);
}

// Which of the records are there: those that need not be do not tell whether it is.
std::string Ledger::CompareEntry(const Entry& entry, const Records& found, std::size_t& at,
                                 bool& there) const {
  const Records& records = entry.commit.records;
  std::uint64_t missing = 0, met = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (at != found.size() && found[at].first == records[i].first) {
      if (found[at++].second != records[i].second)
        return "record " + Text(records[i].first) + " is not what was stored";
      ++met;
    } else if (entry.commit.received[i] >= thinned_before_) {
      if (missing++ == 0 && met != 0)
        return "of the commit from id " + Text(entry.first()) + " record " + Text(records[i].first) +
               " is missing";
    }
    if (missing != 0 && met != 0)
      return "of the commit from id " + Text(entry.first()) + " a part is missing";
  }
  there = missing == 0 && (met != 0 || entry.state == State::kStored);
  if (missing == 0 || entry.state != State::kStored) return "";
  return "records from id " + Text(entry.first()) + " in " + entry.commit.file +
         " are lost; next found: " + (at == found.size() ? "none" : Text(found[at].first));
}

std::string Ledger::Compare(const Records& found) {
  std::vector<bool> there;
  std::size_t at = 0;
  for (const Entry& entry : entries_) {
    if (at != found.size() && found[at].first < entry.first()) break;
    bool is_there = false;
    if (std::string error = CompareEntry(entry, found, at, is_there); !error.empty()) return error;
    there.push_back(is_there);
  }
  if (at != found.size()) return "record " + Text(found[at].first) + " should not be there";
  return Settle(there);
}

// Whether something of it must be there, if it is.
bool Ledger::IsSure(const Entry& entry) const {
  return std::ranges::any_of(entry.commit.received,
                             [this](std::int64_t time) { return time >= thinned_before_; });
}

std::string Ledger::Settle(const std::vector<bool>& there) {
  std::map<std::string, bool> files;  // those that may have gone: whether they are there
  std::vector<Entry> left;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i];
    if (entry.state == State::kExpiring && entry.commit.file != kUnknownFile && IsSure(entry) &&
        files.emplace(entry.commit.file, there[i]).first->second != there[i])
      return "half of " + entry.commit.file + " is gone";
    if (!there[i]) {
      if (entry.state == State::kLingering) left.push_back(std::move(entry));
      continue;
    }
    if (entry.state == State::kTried || entry.state == State::kLingering) TakeSequences(entry.commit);
    entry.state = State::kStored;
    given_[entry.first()] = entry.last();
    left.push_back(std::move(entry));
  }
  entries_ = std::move(left);
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
    if (found != cursor.sure && !cursor.tried.contains(found))
      return "cursor " + name + " is at " + Text(ToInt(found)) + ", not " + Text(ToInt(cursor.sure));
    cursor.sure = found;  // a call that failed may still come out of the -wal at a later start
  }
  return "";
}

}  // namespace cistern::crash
