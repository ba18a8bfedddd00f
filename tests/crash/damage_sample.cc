#include "tests/crash/damage_sample.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "storage/sqlite/file_info.h"
#include "tests/crash/ledger.h"
#include "tests/unit/storage/record_maker.h"

namespace cistern::crash {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kDay = 86400 * kNsPerSecond;
constexpr std::int64_t kNow = 1'795'176'000 * kNsPerSecond;  // 2026-11-20 12:00 UTC
constexpr std::int64_t kForgotten = kNow - 40 * kDay, kOld = kNow - 3 * kDay, kImported = kNow - 10 * kDay;
constexpr std::chrono::hours kKept{24 * 30}, kThinAge{24};
constexpr const char* kFilters[] = {
    "", "password", "msgid:17", "10.0.0.7", "app:sshd severity:>=err", "msg:/user1+ /"};
constexpr std::size_t kThins = 1;  // of these, the one that retention is about
constexpr const char *kLogin = "Failed password for user", *kSession = "session opened for user";

RetentionRule ThinRule(const Filter& filter) { return {std::make_shared<const Filter>(filter), kThinAge}; }

}  // namespace

const char* NameOf(Form form) {
  static constexpr const char* kNames[] = {"closed", "crashed", "import", "large"};
  return kNames[static_cast<int>(form)];
}

std::string Describe(const Spot& spot) {
  static constexpr const char* kKinds[] = {"flipped", "sector overwritten", "cut", "deleted"};
  return spot.file + " " + kKinds[static_cast<int>(spot.kind)] + " at " + std::to_string(spot.offset);
}

Sample::Sample(std::string dir, Form form) : dir_(std::move(dir)), form_(form) {
  for (const char* filter : kFilters) filters_.push_back(*Filter::Parse(filter));
  fs::remove_all(dir_);
  if (form == Form::kImport) {
    MakeImport();
  } else if (form == Form::kLarge) {
    MakeLarge();
  } else {
    MakeStore();
  }
  for (std::size_t i = 0; i < records_.size(); ++i) {
    records_[i].second.index = i;
    places_[records_[i].first] = i;
  }
}

StoreOptions Sample::Options() const {
  return {.dir = dir_,
          .free_space_reserve = 0,
          .recent_bytes = 0,
          .clock = [] { return kNow; },
          .block_records = form_ == Form::kLarge ? 60u : 8u};
}

std::int64_t Sample::ReceivedAfter(bool new_file) { return kNow + (new_file ? kDay : kNsPerSecond); }

const Sample::Stored* Sample::Find(std::uint64_t id) const {
  const auto found = places_.find(id);
  return found == places_.end() ? nullptr : &records_[found->second].second;
}

// A file that is too old as a whole, one with records that are, and the beginning of the newest one.
void Sample::FirstLife() {
  const std::unique_ptr<Store> store = *Store::Open(Options(), {});
  for (const Batch& batch :
       {Batch{1, kForgotten, 2, kSession}, Batch{2, kOld, 10, kLogin}, Batch{2, kOld, 9, kSession},
        Batch{2, kOld, 3, kLogin}, Batch{2, kOld, 2, kLogin}, Batch{3, kNow, 10, kLogin},
        Batch{3, kNow, 3, kSession}})
    Append(*store, batch);
  cursor_ = store->last_id();
  const std::pair<std::string, RecordId> cursor{"target", cursor_};
  if (!store->PutCursors({&cursor, 1})) std::abort();
}

// In the second life one of the two tails is being sealed, so that both hold rows, and retention is at work.
void Sample::MakeStore() {
  FirstLife();
  std::promise<void> end_of_sealing;
  const std::shared_future<void> may_seal = end_of_sealing.get_future().share();
  bool ended = false;
  StoreOptions options = Options();
  options.retention = {.max_age = kKept, .rules = {ThinRule(filters_[kThins])}};
  options.at_point = [&](std::string_view point) {
    if (point == "seal.encoded") may_seal.wait();
    if (point == "thin.marked" && form_ == Form::kCrashed) RememberAll();
    ended = ended || point == "thin.done";
  };
  std::unique_ptr<Store> store = *Store::Open(options, {});
  for (const Batch& batch :
       {Batch{3, kNow, 6, kLogin}, Batch{3, kNow, 3, kSession}, Batch{3, kNow, 2, kLogin}})
    Append(*store, batch);
  while (!ended) {
    if (!store->ApplyRetention()) std::abort();
    std::this_thread::yield();
  }
  end_of_sealing.set_value();
  store.reset();
  ForgetThinned();
  if (form_ == Form::kClosed) RememberAll();
}

void Sample::MakeImport() {
  const std::unique_ptr<Store> store = *Store::Open(Options(), {});
  for (const Batch& batch : {Batch{1, kNow, 9, kLogin}, Batch{1, kNow, 3, kSession},
                             Batch{2, kImported, 10, kLogin, true}, Batch{2, kImported, 3, kSession, true}})
    Append(*store, batch);
  RememberAll();
}

void Sample::MakeLarge() {
  std::unique_ptr<Store> store = *Store::Open(Options(), {});
  Append(*store, Batch{1, kNow, 30, kLogin, false, 1500});
  for (int i = 0; i < 30; ++i) Append(*store, Batch{1, kNow, 1, kSession, false, 1500});
  store.reset();
  RememberAll();
}

void Sample::Append(Store& store, const Batch& wanted) {
  RecordBatch batch;
  for (int i = 0; i < wanted.records; ++i) {
    const std::int64_t received = wanted.received + ++serial_ * kNsPerSecond / 1000;
    const std::string number = std::to_string(serial_);
    if (serial_ % 5 == 0) {
      testing::AddRandomRecord(batch, random_);
      batch.records().back().received = received;
    } else {
      testing::AddRecord(batch,
                         wanted.text + number + " from 10.0.0." + std::to_string(serial_ % 9) + " " +
                             testing::RandomText(random_, wanted.padding),
                         received);
      batch.records().back().severity = static_cast<Severity>(serial_ % 8);
    }
    Record& record = batch.records().back();
    record.msgid = batch.arena().Copy(number);
    record.flags = (record.flags & ~std::uint32_t{kFlagImported}) | (wanted.imported ? kFlagImported : 0u);
  }
  const std::string name = wanted.imported ? "importer" : "client";
  const ClientSequence client{name, clients_[name] = static_cast<std::uint64_t>(serial_)};
  RecordBatch* const batches[] = {&batch};
  if (!store.Append(batches, {&client, 1})) std::abort();
  const std::int64_t first = wanted.received + kNsPerSecond / 1000;
  Keep(batch, "logs/" + LogFileName(wanted.file, first));
}

void Sample::Keep(const RecordBatch& batch, const std::string& file) {
  for (const Record& record : batch.records()) {
    Stored stored{.digest = DigestOf(record), .file = file};
    for (std::size_t i = 0; i < filters_.size(); ++i)
      stored.matches |= filters_[i].Matches(record) ? 1u << i : 0u;
    records_.emplace_back(ToInt(record.id), std::move(stored));
  }
}

// The first file is gone in either form; what goes by the rule is on its way in the crashed one.
void Sample::ForgetThinned() {
  const std::string first = "logs/" + LogFileName(1, kForgotten), second = "logs/" + LogFileName(2, kOld);
  std::erase_if(records_, [&](auto& record) {
    Stored& stored = record.second;
    const bool goes = stored.file == second && (stored.matches & 1u << kThins) != 0;
    stored.may_be_gone = goes;
    return stored.file == first || (goes && form_ == Form::kClosed);
  });
}

void Sample::RememberAll() {
  for (const auto& entry : fs::recursive_directory_iterator(dir_)) {
    if (!entry.is_regular_file() || entry.path().filename() == "LOCK") continue;
    std::ostringstream octets;
    octets << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    files_[fs::relative(entry.path(), dir_).string()] = octets.str();
  }
}

// Over what is there: pages of a file in memory cost more to get than to fill.
void Sample::Write(const std::string& name, const std::string& octets) const {
  const int fd = ::open((dir_ + "/" + name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const bool written = ::pwrite(fd, octets.data(), octets.size(), 0) == static_cast<ssize_t>(octets.size());
  if (!written || ::ftruncate(fd, static_cast<off_t>(octets.size())) != 0) std::abort();
  ::close(fd);
}

void Sample::PutBack(const Spot& spot, std::mt19937_64& random) const {
  fs::create_directories(dir_ + "/logs");
  std::vector<fs::path> others;
  for (const auto& entry : fs::recursive_directory_iterator(dir_)) {
    const std::string name = entry.path().string().substr(dir_.size() + 1);
    const bool wanted = files_.contains(name) && (name != spot.file || spot.kind != Spot::Kind::kDelete);
    if (!wanted && !entry.is_directory()) others.push_back(entry.path());
  }
  for (const fs::path& other : others) fs::remove(other);
  for (const auto& [name, octets] : files_) {
    if (name != spot.file) {
      Write(name, octets);
      continue;
    }
    std::string damaged = octets;
    if (spot.kind == Spot::Kind::kDelete) continue;
    if (spot.kind == Spot::Kind::kCut) damaged.resize(spot.offset);
    for (std::uint64_t i = 0; spot.kind == Spot::Kind::kFlip && i < spot.octets; ++i)
      damaged[spot.offset + i] ^=
          static_cast<char>(1 << (spot.bit < 0 ? random() % 8 : static_cast<unsigned>(spot.bit)));
    const std::uint64_t sector = spot.offset / 512 * 512;
    if (spot.kind == Spot::Kind::kSector)
      for (std::uint64_t i = sector; i < std::min<std::uint64_t>(damaged.size(), sector + 512); ++i)
        damaged[i] = static_cast<char>(random());
    Write(name, damaged);
  }
}

}  // namespace cistern::crash
