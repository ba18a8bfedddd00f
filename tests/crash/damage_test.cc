// Damage to every file of a store:
//   damage_test [SEED [SPOTS [trace]]]       some spots of each file
//   damage_test SEED all|flips|cuts [I/N [FORM]]    each octet, length and file: the I-th of N shares
// Zero octets in a row are mostly unused: they are flipped some at a time, and one by one where that is
// noticed, but in a -wal. Where pages begin all bits have their turn. Lengths that end among them are tried
// at the same distance. One spot after the other is flipped, overwritten, cut off or taken away with its
// file; each time the store is opened, read, asked and written to.
//
// What must hold: it opens; nothing is returned that was not stored so, nor twice; nothing outside the
// damaged file is missing, and if anything is, there is a warning; every filter finds what a scan finds; new
// records get new ids, and cost nothing of what was found before.
#include <signal.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>

#include "tests/crash/damage_trial.h"

namespace cistern::crash {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kSecondsPerSpot = 120;
constexpr std::uint64_t kMostPrinted = 60;
constexpr std::uint64_t kTogether = 16, kZeros = 64;

struct Plan {
  std::uint64_t seed = 0, count = 0;  // 0: each octet or length
  bool flips = true, cuts = true, trace = false;
  std::uint64_t share = 0, shares = 1;
  std::string only;  // one form; empty: all
};

struct Tally {
  std::uint64_t spots = 0, trials = 0, whole = 0, warned = 0, silent = 0, wrong = 0;
};

char now_trying[256];

// A spot that ends the process, or that takes for ever, tells its name.
void TellSpot(int signal) {
  (void)!::write(STDERR_FILENO, now_trying, ::strlen(now_trying));
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

// The same octets under the same name need not be damaged again in another form.
bool IsNew(const std::string& name, const std::string& octets) {
  static std::set<std::size_t> seen;
  return seen.insert(std::hash<std::string>()(name + '\0' + octets)).second;
}

// Where the octets from `offset` on are zero up to the end of a piece of kTogether, and so are those around
// it.
bool AmongZeros(const std::string& octets, std::uint64_t offset) {
  if (offset < kZeros || offset + kZeros > octets.size() || offset % kTogether != 0) return false;
  return octets.find_first_not_of('\0', offset - kZeros) >= offset + kZeros;
}

// Where one bit may turn what is said of a page, or of the file, into something else that makes sense.
bool IsHead(const std::string& name, std::uint64_t offset) {
  return !name.ends_with("-shm") && !name.ends_with("-wal") && offset % 4096 < (offset < 4096 ? 100 : 24);
}

// Where the tables are described: what is written by a wrong description shows at another start.
bool IsSchema(const Spot& spot) {
  return spot.kind == Spot::Kind::kFlip && spot.file.ends_with(".db") && spot.octets == 1 &&
         spot.offset >= 100 && spot.offset < 16384;
}

std::vector<Spot> AllSpots(const Sample& sample, const Plan& plan) {
  std::vector<Spot> spots;
  for (const auto& [name, octets] : sample.files()) {
    spots.push_back({Spot::Kind::kDelete, name});
    if (!IsNew(name, octets)) continue;
    for (const auto& [kind, wanted] :
         {std::pair(Spot::Kind::kFlip, plan.flips), {Spot::Kind::kCut, plan.cuts}})
      for (std::uint64_t offset = 0, together; wanted && offset < octets.size(); offset += together) {
        together = AmongZeros(octets, offset) ? kTogether : 1;
        spots.push_back({kind, name, offset, kind == Spot::Kind::kFlip ? together : 1});
      }
    for (std::uint64_t offset = 0; plan.flips && offset < octets.size(); ++offset)
      for (int bit = 0; bit < 8 && IsHead(name, offset); ++bit)
        spots.push_back({Spot::Kind::kFlip, name, offset, 1, bit});
  }
  return spots;
}

// More of them where pages begin.
std::vector<Spot> SomeSpots(const Sample& sample, std::uint64_t count, std::mt19937_64& random) {
  std::vector<Spot> spots;
  for (const auto& [name, octets] : sample.files()) {
    spots.push_back({Spot::Kind::kDelete, name});
    for (std::uint64_t i = 0; i < count / sample.files().size() && !octets.empty(); ++i) {
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

class Sweep {
 public:
  Sweep(const Sample& sample, Form form, const Plan& plan) : sample_(sample), form_(form), plan_(plan) {}

  // The sample as it is: nothing may be missing, and no word said.
  bool TryWhole() {
    const Spot none;
    std::mt19937_64 random(0);
    sample_.PutBack(none, random);
    Trial trial(sample_, none, UINT64_MAX / 2);
    const std::string wrong = trial.Run({});
    if (wrong.empty() && trial.missing() == 0 && trial.warnings().empty()) {
      gone_ = trial.told_gone();
      return true;
    }
    Print(none, trial, wrong.empty() ? "not whole without damage" : wrong);
    return false;
  }
  void Try(const Spot& spot, std::uint64_t number) {
    // One checksum covers a frame of a -wal, and notices everything.
    const bool together = spot.octets > 1 && !spot.file.ends_with("-wal");
    if (TryOnce(spot, number, together) || !together) return;
    Spot one = spot;
    one.octets = 1;
    for (std::uint64_t i = 0; i < spot.octets; ++i, ++one.offset) TryOnce(one, number + i, false);
  }
  const Tally& tally() const { return tally_; }

 private:
  // False: not counted, because it was noticed.
  bool TryOnce(const Spot& spot, std::uint64_t number, bool unnoticed) {
    std::mt19937_64 random(plan_.seed * 1'000'003 + number);
    sample_.PutBack(spot, random);
    std::snprintf(now_trying, sizeof now_trying, "%s, %s\n", NameOf(form_), Describe(spot).c_str());
    if (plan_.trace) std::fputs(now_trying, stderr);
    ::alarm(kSecondsPerSpot);
    Trial trial(sample_, spot, gone_);
    const std::uint64_t course = random();
    const std::string wrong = trial.Run({.ask_first = course % 2 == 0,
                                         .new_file = course / 2 % 8 == 0,
                                         .look_again = course / 16 % 4 == 0,
                                         .again = course / 64 % 8 == 0 || IsSchema(spot)});
    ::alarm(0);
    if (unnoticed && (!wrong.empty() || trial.missing() != 0 || !trial.warnings().empty())) return false;
    Count(trial, wrong, spot.octets);
    if (!wrong.empty() && tally_.wrong <= kMostPrinted) Print(spot, trial, wrong);
    return true;
  }
  void Count(const Trial& trial, const std::string& wrong, std::uint64_t octets) {
    ++tally_.trials;
    tally_.spots += octets;
    if (!wrong.empty()) {
      ++tally_.wrong;
    } else if (trial.missing() == 0) {
      tally_.whole += octets;
    } else {
      ++(trial.warnings().empty() ? tally_.silent : tally_.warned);
    }
  }
  void Print(const Spot& spot, const Trial& trial, const std::string& wrong) const {
    std::printf("%s, %s: %s\n", NameOf(form_), Describe(spot).c_str(), wrong.c_str());
    for (const std::string& warning : trial.warnings()) std::printf("  warning: %s\n", warning.c_str());
    std::fflush(stdout);
  }

  const Sample& sample_;
  const Form form_;
  const Plan& plan_;
  std::uint64_t gone_ = 0;
  Tally tally_;
};

void PrintTally(const char* what, const Tally& tally) {
  const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "%s: %llu spots in %llu trials: %llu without loss, %llu with a warning, %llu cut off a "
      "-wal, "
      "%llu wrong\n",
      what, number(tally.spots), number(tally.trials), number(tally.whole), number(tally.warned),
      number(tally.silent), number(tally.wrong));
  std::fflush(stdout);
}

bool TryForm(Form form, const std::string& work, const Plan& plan, Tally& total) {
  const Sample sample(work + "/data", form);
  Sweep sweep(sample, form, plan);
  if (!sweep.TryWhole()) return false;
  std::mt19937_64 random(plan.seed);
  const std::vector<Spot> spots =
      plan.count == 0 ? AllSpots(sample, plan) : SomeSpots(sample, plan.count / 4, random);
  for (std::uint64_t i = plan.share; i < spots.size(); i += plan.shares) sweep.Try(spots[i], i);
  const Tally& tally = sweep.tally();
  PrintTally(NameOf(form), tally);
  total.spots += tally.spots;
  total.trials += tally.trials;
  total.whole += tally.whole;
  total.warned += tally.warned;
  total.silent += tally.silent;
  total.wrong += tally.wrong;
  return true;
}

int Main(const Plan& plan) {
  std::string work =
      std::string(fs::is_directory("/dev/shm") ? "/dev/shm" : "/tmp") + "/cistern-damage-XXXXXX";
  if (::mkdtemp(work.data()) == nullptr) return EXIT_FAILURE;
  std::printf("damage_test: seed %llu\n", static_cast<unsigned long long>(plan.seed));
  ::sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);  // opening databases is most of the work
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGALRM}) ::signal(signal, TellSpot);
  Tally total;
  bool started = true;
  for (const Form form : {Form::kClosed, Form::kCrashed, Form::kImport, Form::kLarge})
    if (plan.only.empty() || plan.only == NameOf(form)) started = started && TryForm(form, work, plan, total);
  fs::remove_all(work);
  PrintTally("all", total);
  return started && total.wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

std::optional<Plan> ReadPlan(int count, char** arguments) {
  Plan plan{.seed = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : std::random_device()(),
            .count = 1000};
  if (count <= 2) return plan;
  const std::string_view what = arguments[2];
  plan.flips = what != "cuts";
  plan.cuts = what != "flips";
  plan.count = std::strtoull(arguments[2], nullptr, 10);
  if (plan.count == 0 && what != "all" && plan.flips == plan.cuts) return std::nullopt;
  if (count <= 3) return plan;
  plan.trace = std::string_view(arguments[3]) == "trace";
  if (plan.trace) return plan;
  unsigned long long share = 0, shares = 0;
  if (std::sscanf(arguments[3], "%llu/%llu", &share, &shares) != 2 || share == 0 || share > shares)
    return std::nullopt;
  plan.share = share - 1;
  plan.shares = shares;
  if (count > 4) plan.only = arguments[4];
  return plan;
}

}  // namespace
}  // namespace cistern::crash

int main(int argc, char** argv) {
  const auto plan = cistern::crash::ReadPlan(argc, argv);
  if (!plan) {
    std::fputs("damage_test [SEED [SPOTS [trace] | all|flips|cuts [I/N [FORM]]]]\n", stderr);
    return 2;
  }
  return cistern::crash::Main(*plan);
}
