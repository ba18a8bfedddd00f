#include "tests/crash/store_driver.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "storage/care/backup.h"
#include "storage/care/check.h"
#include "storage/query/query.h"
#include "tests/unit/storage/record_maker.h"

namespace cistern::crash {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kStart = 1'795'176'000 * kSecond;  // 2026-11-20 12:00 UTC
constexpr std::int64_t kLater = 13 * 3600 * kSecond;      // the next life
constexpr std::size_t kMaxNotes = 60;
constexpr std::chrono::minutes kThinAge{30};

std::string Sentence(std::mt19937_64& random, std::uint64_t serial) {
  const std::string number = std::to_string(serial), port = std::to_string(random() % 65536);
  switch (random() % 4) {
    case 0:
      return "Accepted publickey for user" + number + " from 10.0.0." + std::to_string(random() % 256) +
             " port " + port;
    case 1:
      return "session opened for user root by uid=" + port;
    case 2:
      return "request " + number + " took " + port + " ms";
    default:
      return "link is up";
  }
}

}  // namespace

StoreDriver::StoreDriver(DriverOptions options)
    : own_(std::move(options)),
      witness_(*own_.witness),
      random_(own_.seed),
      now_(kStart + own_.life * kLater),
      serial_(static_cast<std::uint64_t>(own_.life) << 20) {
  static constexpr std::uint64_t kFileBytes[] = {256 << 10, 1 << 20, 16 << 20};
  static constexpr std::uint64_t kRecentBytes[] = {0, 64 << 10, 16 << 20};
  options_.dir = own_.dir;
  options_.max_file_bytes = kFileBytes[random_() % 3];
  options_.recent_bytes = kRecentBytes[random_() % 3];
  static constexpr std::uint32_t kBlockRecords[] = {40, 200, 1000, 32768};
  options_.block_records = kBlockRecords[random_() % 4];
  if (random_() % 3 != 0) options_.retention.max_bytes = std::uint64_t{300} << 10 << random_() % 4;
  if (random_() % 2 == 0) {
    options_.retention.rules = {{std::make_shared<const Filter>(*Filter::Parse(kWordThatGoes)), kThinAge}};
    options_.max_file_bytes = kFileBytes[0];
  }
  may_import_ = random_() % 3 == 0;
  options_.free_space_reserve = 0;
  options_.clock = [this] { return now_; };
  options_.at_point = [this](std::string_view point) { AtPoint(point); };
}

StoreDriver::~StoreDriver() = default;

void StoreDriver::Note(const std::string& what) {
  notes_.push_back((own_.disk == nullptr ? "" : "at call " + std::to_string(own_.disk->calls()) + " ") +
                   what);
  if (notes_.size() > kMaxNotes) notes_.erase(notes_.begin());
}

void StoreDriver::Fail(const std::string& what) {
  if (!failure_.empty()) return;
  for (const std::string& note : notes_) failure_ += "  " + note + "\n";
  for (const std::string& warning : warnings_) failure_ += "  warning: " + warning + "\n";
  failure_ += what;
}

std::string StoreDriver::failure() const { return failure_; }

std::string StoreDriver::NewestFile() {
  std::string newest = "-";
  const std::string logs = options_.dir + "/logs";
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(logs, error))
    if (const std::string name = entry.path().filename(); name.ends_with(".db"))
      newest = std::max(newest, name);
  return newest;
}

void StoreDriver::Open() {
  warnings_.clear();
  failures_before_ = failures_at_open_ = failures();
  // A clock that jumps while the store is open suspends retention by age.
  if (!options_.retention.rules.empty()) now_ += 2 * kLater;  // on another day, so that the file ends
  Result<std::unique_ptr<Store>> opened =
      Store::Open(options_, [this](const std::string& text) { warnings_.push_back(text); });
  Note("open: " + (opened ? "ok" : opened.error().message()));
  if (!opened) {
    if (!Excused()) Fail("the store does not open: " + opened.error().message());
    return;
  }
  store_ = std::move(*opened);
  open_file_ = NewestFile();
  needs_reopen_ = false;
  // That a file is missing which the catalog could not be told of is none of its own making.
  for (const std::string& warning : warnings_)
    if (!Excused() && warning.find("damaged") != std::string::npos) Fail("nothing was damaged");
  Verify();
}

// Where a read failed the store may leave out what it could not read, and says so, until the next start: that
// one must find everything.
bool StoreDriver::LeavesOut() const {
  const auto says_so = [](const std::string& warning) {
    return warning.find("will be left out") != std::string::npos;
  };
  return failures() != failures_at_open_ && std::any_of(warnings_.begin(), warnings_.end(), says_so);
}

void StoreDriver::Verify() {
  if (dead() || own_.ledger == nullptr) return;
  if (own_.disk != nullptr) own_.disk->Pause(true);
  if (!own_.ledger->fault().empty()) Fail(own_.ledger->fault());
  if (const std::string error = own_.ledger->Verify(*store_); !error.empty() && !LeavesOut()) Fail(error);
  if (own_.disk != nullptr) own_.disk->Pause(false);
}

void StoreDriver::Close() {
  Note("close");
  store_.reset();
}

void StoreDriver::Check() {
  if (!failure_.empty()) return;
  std::string holder;
  Result<std::unique_ptr<StoreCheck>> check = StoreCheck::OfDir(options_.dir, holder);
  if (!check) return Fail("check: " + check.error().message());
  std::vector<Finding> findings;
  while (!(*check)->done()) (*check)->Step(findings);
  for (const Finding& finding : findings) Fail("check: " + finding.file + ": " + finding.text);
}

void StoreDriver::Step() {
  if (needs_reopen_) return Reopen();
  if (!options_.retention.rules.empty() && random_() % 6 == 0) return ApplyRetention();
  switch (random_() % 24) {
    case 0:
    case 1:
      return ApplyRetention();
    case 7:
      return Idle();
    case 2:
      return random_() % 4 == 0 ? MoveClock() : Append();
    case 3:
    case 4:
      return MoveCursor();
    case 5:
      return ReadSome();
    case 6:
      return random_() % 4 == 0 ? BackUp() : ReadSome();
    default:
      return Append();
  }
}

void StoreDriver::Fill(RecordBatch& batch) {
  std::uint64_t count = 1 + random_() % 20;
  if (random_() % 8 == 0) count = 1 + random_() % 400;
  const bool heavy = random_() % (options_.max_file_bytes > (8 << 20) ? 3 : 16) == 0,
             imported = may_import_ && random_() % 8 == 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    ++serial_;
    if (random_() % 4 == 0) {
      testing::AddRandomRecord(batch, random_, heavy ? 30'000 : 60);
      batch.records().back().received = now_;
    } else {
      testing::AddRecord(batch, Sentence(random_, serial_), now_);
    }
    Record& record = batch.records().back();
    record.flags &= ~std::uint32_t{kFlagImported};
    if (imported) {
      record.flags |= kFlagImported;
      record.received = now_ - 40 * 86400 * kSecond;
    }
    record.msgid = batch.arena().Copy(std::to_string(serial_));
    now_ += static_cast<std::int64_t>(random_() % 1'000'000);
  }
}

// Before the commit the ids are known: from then on the records may be there.
void StoreDriver::AtPoint(std::string_view point) {
  if (point == "commit.written" && trying_) witness_.Tried(trying_());
  if (point == "roll.begin") open_file_ = "-";
  if (point == "thin.begin") ++thinning_;
  if (own_.at_point) own_.at_point(point);
  if (point == "thin.written" || point == "thin.looked") --thinning_;
}

void StoreDriver::Append() {
  RecordBatch batch;
  Fill(batch);
  std::vector<ClientSequence> sequences;
  if (random_() % 3 == 0) sequences.push_back({"client" + std::to_string(random_() % 3), serial_});
  RecordBatch* const batches[] = {&batch};
  // Which file an import goes to is not known.
  const bool imported = (batch.records().front().flags & kFlagImported) != 0;
  trying_ = [&] { return CommitOf(batch, sequences, imported ? kUnknownFile : NewestFile()); };
  const Result<CommitResult> done = store_->Append(batches, sequences);
  const Commit commit = trying_();
  trying_ = nullptr;
  Note("append " + std::to_string(batch.size()) + ": " +
       (done ? "ids from " + std::to_string(ToInt(done->first)) : done.error().message()));
  if (done) {
    witness_.Stored(commit);
    if (!imported) open_file_ = commit.file;
  } else {
    AppendFailed(commit, done.error());
  }
}

void StoreDriver::AppendFailed(const Commit& commit, const boost::system::error_code& error) {
  if (!Excused() && warnings_.empty()) Fail("append fails: " + error.message());
  const bool nothing_written = error == StoreErrc::kDiskFull || error == StoreErrc::kBusy;
  if (nothing_written && !dead()) return witness_.TriedIsGone();
  witness_.Tried(commit);
  needs_reopen_ = true;
}

void StoreDriver::Reopen() {
  const std::uint64_t failures_so_far = failures();
  const std::size_t warned = warnings_.size();
  const Result<void> done = store_->Reopen();
  if (warnings_.size() != warned) {  // the file was left as it is, and may be deleted from now on
    lingers_ = true;
    open_file_ = "-";
  }
  Note("reopen: " + (done ? "ok" : done.error().message()));
  busy_ = !done && done.error() == StoreErrc::kBusy;  // with a reader: a slow machine, nothing else
  if (!done && !Excused()) Fail("reopen fails: " + done.error().message());
  if (!done || dead()) return;
  needs_reopen_ = false;
  failures_before_ = failures_so_far;
  lingers_ ? witness_.TriedLingers() : witness_.TriedIsGone();
  lingers_ = false;
  Verify();
}

void StoreDriver::ApplyRetention() {
  witness_.Expiring(open_file_);
  TellThinning();
  const Result<std::vector<Gap>> gone = store_->ApplyRetention();
  if (gone && !dead()) {
    std::vector<Gap> whole, thinned;
    for (const Gap& gap : *gone) (IsLeft(gap) ? thinned : whole).push_back(gap);
    Note("retention: " + std::to_string(whole.size()) + " files gone, " + std::to_string(thinned.size()) +
         " thinned");
    witness_.Thinned(thinned);
    witness_.Expired(whole);
  }
  if (random_() % 3 == 0) return;
  while (thinning_ != 0) std::this_thread::yield();
  Idle();
}

void StoreDriver::Idle() {
  Note("idle");
  TellThinning();
  store_->Idle();
}

void StoreDriver::TellThinning() {
  if (!options_.retention.rules.empty()) witness_.Thinning(now_ - std::chrono::nanoseconds(kThinAge).count());
}

bool StoreDriver::IsLeft(const Gap& range) {
  if (own_.disk != nullptr) own_.disk->Pause(true);
  const auto scan = store_->NewScan({.id_min = ToInt(range.first), .id_max = ToInt(range.last)});
  const auto batch = scan->Next();
  if (own_.disk != nullptr) own_.disk->Pause(false);
  return batch && *batch != nullptr;
}

void StoreDriver::MoveCursor() {
  const std::pair<std::string, RecordId> position{"target" + std::to_string(random_() % 2),
                                                  store_->last_id()};
  witness_.CursorMoves(position.first, position.second);
  const bool done = store_->PutCursors({&position, 1}).has_value();
  Note("cursor " + position.first + (done ? ": ok" : ": failed"));
  if (done && !dead()) witness_.CursorMoved(position.first, position.second);
}

void StoreDriver::MoveClock() {
  const std::int64_t minutes = random_() % 4 == 0 ? -120 : static_cast<std::int64_t>(random_() % 1440);
  Note("clock by " + std::to_string(minutes) + " minutes");
  now_ += minutes * 60 * kSecond;
}

void StoreDriver::BackUp() {
  Result<std::unique_ptr<Backup>> backup =
      Backup::Begin(*store_, {.dir = options_.dir, .free_space_reserve = 0, .at_point = options_.at_point});
  std::string octets;
  std::uint64_t bytes = 0;
  while (backup && !(*backup)->done() && (*backup)->Next(std::size_t{1} << 20, octets))
    bytes += octets.size();
  Note("backup: " + (backup && (*backup)->done() ? std::to_string(bytes) + " octets" : "failed"));
}

// A reader that leaves in the middle, and a query.
void StoreDriver::ReadSome() {
  const auto scan = store_->NewScan({});
  for (int i = 0; i < 3; ++i) {
    Result<std::unique_ptr<StoredBatch>> batch = scan->Next();
    if (!batch || !*batch) break;
  }
  QueryOptions query;
  query.filter = *Filter::Parse("msgid:" + std::to_string(random_() % (serial_ + 1)));
  std::uint64_t found = 0;
  (void)RunQuery(*store_, query, {}, [&](BatchView&, const std::vector<std::uint32_t>& rows) {
    found += rows.size();
    return true;
  });
  if (found > 1) Fail("a record is found twice");
}

void StoreDriver::Recover() {
  for (int i = 0, busy = 0; i < 6 && busy < 100 && failure_.empty() && !dead(); busy_ ? ++busy : ++i)
    needs_reopen_ ? Reopen() : Append();
  if (dead()) return;
  if (needs_reopen_) return Fail("the store does not come back after errors");
  Verify();
}

}  // namespace cistern::crash
