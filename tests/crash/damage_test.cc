// Damage to every file of a store: damage_test [SEED [SPOTS | all [trace]]]. One spot after the other is
// flipped, overwritten, cut off or taken away with its file; each time the store is opened, read, asked and
// written to.
//
// What must hold: it opens; nothing is returned that was not stored so, nor twice; nothing outside the
// damaged file is missing, and if anything is, there is a warning; every filter finds what a scan finds; new
// records get new ids.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>

#include "storage/query/query.h"
#include "tests/crash/ledger.h"
#include "tests/unit/storage/record_maker.h"

namespace cistern::crash {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNoon = 1'795'176'000 * kSecond;  // 2026-11-20 12:00 UTC
constexpr const char* kFilters[] = {
    "", "password", "msgid:17", "10.0.0.7", "app:sshd severity:>=err", "msg:/user1+ /"};

struct Stored {
  std::uint64_t digest = 0;
  std::string file;
};
using Found = std::map<std::uint64_t, std::uint64_t>;  // digest by id

struct Spot {
  enum class Kind { kFlip, kSector, kCut, kDelete } kind = Kind::kFlip;
  std::string file;
  std::uint64_t offset = 0;
};

std::string Describe(const Spot& spot) {
  static constexpr const char* kKinds[] = {"flipped", "sector overwritten", "cut", "deleted"};
  return spot.file + " " + kKinds[static_cast<int>(spot.kind)] + " at " + std::to_string(spot.offset);
}

// A small store with all kinds of tables and files, kept in memory between spots.
class Sample {
 public:
  Sample(std::string dir, bool closed) : dir_(std::move(dir)) {
    fs::remove_all(dir_);
    std::unique_ptr<Store> store = *Store::Open(Options(), {});
    for (int day = 0; day < 3; ++day) Fill(*store, day);
    const std::pair<std::string, RecordId> cursor{"target", store->last_id()};
    (void)store->PutCursors({&cursor, 1});
    if (closed) store.reset();
    for (const auto& entry : fs::recursive_directory_iterator(dir_))
      if (entry.is_regular_file() && entry.path().filename() != "LOCK") Remember(entry.path());
  }

  StoreOptions Options() const {
    return {.dir = dir_,
            .free_space_reserve = 0,
            .recent_bytes = 0,
            .clock = [] { return kNoon; },
            .block_records = 60};
  }
  const std::map<std::string, std::string>& files() const { return files_; }
  const std::map<std::uint64_t, Stored>& records() const { return records_; }
  const std::set<std::uint64_t>& Matches(std::size_t filter) const { return matches_[filter]; }

  void PutBack(const Spot& spot, std::mt19937_64& random) const {
    fs::remove_all(dir_);
    fs::create_directories(dir_ + "/logs");
    for (const auto& [name, octets] : files_) {
      if (name != spot.file) {
        Write(name, octets);
      } else if (spot.kind != Spot::Kind::kDelete) {
        Write(name, Damaged(octets, spot, random));
      }
    }
  }

 private:
  void Fill(Store& store, int day) {
    for (int i = 0; i < 12; ++i) {
      RecordBatch batch;
      const int count = i % 4 == 3 ? 50 : 9;  // straight into blocks, or by way of the tail
      for (int j = 0; j < count; ++j) Add(batch, kNoon + day * 86400 * kSecond + (i * 100 + j) * kSecond);
      RecordBatch* const batches[] = {&batch};
      const ClientSequence client{"client", records_.size() + 1};
      if (!store.Append(batches, {&client, 1})) std::abort();
      if (i % 3 == 2) store.Idle();
      Keep(batch, day);
    }
  }
  void Add(RecordBatch& batch, std::int64_t received) {
    const std::string number = std::to_string(++serial_);
    if (serial_ % 5 == 0) {
      testing::AddRandomRecord(batch, random_);
      batch.records().back().received = received;
    } else {
      testing::AddRecord(
          batch, "Failed password for user" + number + " from 10.0.0." + std::to_string(serial_ % 250),
          received);
      batch.records().back().severity = static_cast<Severity>(serial_ % 8);
    }
    batch.records().back().msgid = batch.arena().Copy(number);
  }
  void Keep(const RecordBatch& batch, int day) {
    const std::string file =
        "logs/00000" + std::to_string(day + 1) + "-2026-11-2" + std::to_string(day) + ".db";
    matches_.resize(std::size(kFilters));
    for (const Record& record : batch.records()) {
      records_[ToInt(record.id)] = {DigestOf(record), file};
      for (std::size_t i = 0; i < std::size(kFilters); ++i)
        if (Filter::Parse(kFilters[i])->Matches(record)) matches_[i].insert(ToInt(record.id));
    }
  }
  void Remember(const fs::path& path) {
    std::ostringstream octets;
    octets << std::ifstream(path, std::ios::binary).rdbuf();
    files_[fs::relative(path, dir_).string()] = octets.str();
  }
  void Write(const std::string& name, const std::string& octets) const {
    std::ofstream(dir_ + "/" + name, std::ios::binary)
        .write(octets.data(), static_cast<std::streamsize>(octets.size()));
  }
  static std::string Damaged(std::string octets, const Spot& spot, std::mt19937_64& random) {
    if (spot.kind == Spot::Kind::kCut) octets.resize(spot.offset);
    if (spot.kind == Spot::Kind::kFlip) octets[spot.offset] ^= static_cast<char>(1 << random() % 8);
    if (spot.kind == Spot::Kind::kSector)
      for (std::size_t i = spot.offset / 512 * 512; i < octets.size() && i < spot.offset / 512 * 512 + 512;
           ++i)
        octets[i] = static_cast<char>(random());
    return octets;
  }

  const std::string dir_;
  std::mt19937_64 random_{7};
  int serial_ = 0;
  std::map<std::string, std::string> files_;
  std::map<std::uint64_t, Stored> records_;
  std::vector<std::set<std::uint64_t>> matches_;
};

class Trial {
 public:
  Trial(const Sample& sample, const Spot& spot) : sample_(sample), spot_(spot) {}

  std::string Run(bool ask_first) {
    auto opened =
        Store::Open(sample_.Options(), [this](const std::string& text) { warnings_.push_back(text); });
    if (!opened) return "does not open: " + opened.error().message();
    store_ = std::move(*opened);
    std::string wrong = ask_first ? Ask() : Read();
    if (wrong.empty()) wrong = ask_first ? Read() : Ask();
    if (wrong.empty()) wrong = CompareAnswers();
    if (wrong.empty()) wrong = CompareScan();
    if (wrong.empty()) wrong = Append();
    return wrong;
  }
  std::size_t missing() const { return sample_.records().size() - scanned_.size(); }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  std::string Take(const Record& record, Found& found) {
    const std::uint64_t id = ToInt(record.id);
    const auto stored = sample_.records().find(id);
    if (stored == sample_.records().end()) return "record " + std::to_string(id) + " was never stored";
    if (stored->second.digest != DigestOf(record))
      return "record " + std::to_string(id) + " is not what was stored";
    if (!found.emplace(id, stored->second.digest).second)
      return "record " + std::to_string(id) + " comes twice";
    return "";
  }
  std::string Read(ScanOrder order, Found& found) {
    const auto scan = store_->NewScan({.order = order});
    for (;;) {
      auto batch = scan->Next();
      if (!batch) return "scan: " + batch.error().message();
      if (!*batch) return "";
      (*batch)->Check();
      if ((*batch)->damaged()) continue;
      for (std::size_t i = 0; i < (*batch)->size(); ++i)
        if (std::string wrong = Take((*batch)->Row(i), found); !wrong.empty()) return wrong;
    }
  }
  std::string Read() {
    Found backward;
    if (std::string wrong = Read(ScanOrder::kOldestFirst, scanned_); !wrong.empty()) return wrong;
    if (std::string wrong = Read(ScanOrder::kNewestFirst, backward); !wrong.empty()) return wrong;
    if (scanned_ == backward) return "";
    if (warnings_.empty()) return "the two orders give different records";
    // A tree that is out of order may be followed farther from one side, and queries come from either.
    std::erase_if(scanned_, [&](const auto& found) { return !backward.contains(found.first); });
    return "";
  }
  std::string Ask() {
    answers_.resize(std::size(kFilters));
    for (std::size_t i = 0; i < std::size(kFilters); ++i) {
      QueryOptions query{.filter = *Filter::Parse(kFilters[i]), .limit = 0};
      std::string wrong;
      const auto done =
          RunQuery(*store_, query, {}, [&](BatchView& view, const std::vector<std::uint32_t>& rows) {
            for (const std::uint32_t row : rows)
              if (wrong.empty()) wrong = Take(view.Row(row), answers_[i]);
            return true;
          });
      if (!done) return std::string(kFilters[i]) + ": " + done.error().message();
      if (!wrong.empty()) return std::string(kFilters[i]) + ": " + wrong;
    }
    return "";
  }
  std::string CompareAnswers() {
    for (std::size_t i = 0; i < std::size(kFilters); ++i) {
      for (const auto& [id, digest] : answers_[i])
        if (!sample_.Matches(i).contains(id))
          return std::string(kFilters[i]) + " finds " + std::to_string(id);
      for (const std::uint64_t id : sample_.Matches(i))
        if (scanned_.contains(id) && !answers_[i].contains(id))
          return std::string(kFilters[i]) + " does not find " + std::to_string(id);
    }
    return "";
  }
  std::string CompareScan() {
    for (const auto& [id, stored] : sample_.records())
      if (!scanned_.contains(id) && !spot_.file.starts_with(stored.file))
        return "record " + std::to_string(id) + " of " + stored.file + " is missing";
    // What stands behind a damaged frame of a -wal cannot be told from what a power cut left there.
    if (missing() == 0 || !warnings_.empty() || spot_.file.ends_with("-wal")) return "";
    return std::to_string(missing()) + " records are missing without a word";
  }
  std::string Append() {
    RecordBatch batch;
    testing::AddRecord(batch, "after", kNoon + 3 * 86400 * kSecond);
    RecordBatch* const batches[] = {&batch};
    auto done = store_->Append(batches, {});
    for (int i = 0; i < 3 && !done; ++i) {
      (void)store_->Reopen();
      done = store_->Append(batches, {});
    }
    if (!done) return "append: " + done.error().message();
    if (done->first <= RecordId{sample_.records().rbegin()->first}) return "an id is given again";
    const auto scan = store_->NewScan({.id_min = ToInt(done->first)});
    auto found = scan->Next();
    return found && *found && (*found)->first_id() == done->first ? "" : "what was appended is not found";
  }

  const Sample& sample_;
  const Spot& spot_;
  std::unique_ptr<Store> store_;
  std::vector<std::string> warnings_;
  Found scanned_;
  std::vector<Found> answers_;
};

// Every octet, or some of each file: more where its pages begin.
std::vector<Spot> Spots(const Sample& sample, std::uint64_t count, std::mt19937_64& random) {
  std::vector<Spot> spots;
  for (const auto& [name, octets] : sample.files()) {
    spots.push_back({Spot::Kind::kDelete, name, 0});
    if (octets.empty()) continue;
    for (std::uint64_t offset = 0; count == 0 && offset < octets.size(); ++offset)
      spots.push_back({Spot::Kind::kFlip, name, offset});
    const std::uint64_t here = count == 0 ? octets.size() / 64 : count / sample.files().size();
    for (std::uint64_t i = 0; i < here; ++i) {
      Spot spot{Spot::Kind::kFlip, name, random() % octets.size()};
      if (i % 4 == 0) spot.offset = random() % std::min<std::uint64_t>(octets.size(), 128);
      if (i % 4 == 1) spot.offset = std::min(spot.offset / 4096 * 4096 + random() % 128, octets.size() - 1);
      if (i % 8 == 2) spot.kind = Spot::Kind::kSector;
      if (i % 8 == 6) spot.kind = Spot::Kind::kCut;
      spots.push_back(spot);
    }
  }
  return spots;
}

int Main(std::uint64_t seed, std::uint64_t count, bool trace) {
  std::string work =
      std::string(fs::is_directory("/dev/shm") ? "/dev/shm" : "/tmp") + "/cistern-damage-XXXXXX";
  if (::mkdtemp(work.data()) == nullptr) return EXIT_FAILURE;
  std::printf("damage_test: seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  std::uint64_t tried = 0, lossless = 0, wrongs = 0;
  for (const bool closed : {true, false}) {
    const Sample sample(work + "/data", closed);
    for (const Spot& spot : Spots(sample, count / 2, random)) {
      const std::uint64_t state = random();
      std::mt19937_64 damage(state);
      sample.PutBack(spot, damage);
      if (trace) std::fprintf(stderr, "%s %s\n", closed ? "closed" : "crashed", Describe(spot).c_str());
      Trial trial(sample, spot);
      const std::string wrong = trial.Run(++tried % 2 == 0);
      lossless += trial.missing() == 0;
      if (wrong.empty()) continue;
      std::printf("%s, %s: %s\n", closed ? "closed" : "crashed", Describe(spot).c_str(), wrong.c_str());
      for (const std::string& warning : trial.warnings()) std::printf("  warning: %s\n", warning.c_str());
      if (++wrongs == 20) return EXIT_FAILURE;
    }
  }
  fs::remove_all(work);
  std::printf("%llu spots: %llu without loss, the others with a warning; nothing wrong was returned\n",
              static_cast<unsigned long long>(tried), static_cast<unsigned long long>(lossless));
  return wrongs == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace cistern::crash

int main(int argc, char** argv) {
  const std::string count = argc > 2 ? argv[2] : "1000";
  const std::uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : std::random_device()();
  return cistern::crash::Main(seed, count == "all" ? 0 : std::strtoull(count.c_str(), nullptr, 10), argc > 3);
}
