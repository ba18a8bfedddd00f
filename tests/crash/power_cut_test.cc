// Power cuts and failing disks: power_cut_test [SEED [COUNT [trace]]]. README.md says what is simulated and
// what is asked.
//
// A run is a store from its beginning through several lives; each ends with a power cut, some at a random
// write, sync or deletion, some after an orderly close. Run i has the seed SEED+i: `power_cut_test SEED+i 1`
// repeats it.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <string>

#include "tests/crash/points.h"
#include "tests/crash/store_driver.h"
#include "tests/crash/test_vfs.h"

namespace cistern::crash {
namespace {

struct Totals {
  std::uint64_t cuts = 0, failures = 0, records = 0;
  std::map<std::string, std::uint64_t> points;  // where a life ended
};

// Ends a life at a marked point, when it has been passed some times.
class PointTrap {
 public:
  PointTrap(Disk& disk, Totals& totals) : disk_(disk), totals_(totals) {}
  void Set(std::mt19937_64& random) {
    name_ = kPoints[random() % std::size(kPoints)];
    passes_ = 1 + random() % 4;
    loss_ = random() % 2 == 0 ? Disk::Loss::kPower : Disk::Loss::kProcess;
  }
  void Clear() { passes_ = 0; }
  // Any thread.
  void At(std::string_view point) {
    if (passes_ == 0 || point != name_ || --passes_ != 0 || disk_.dead()) return;
    disk_.Cut(loss_);
    if (disk_.dead()) ++totals_.points[std::string(point)];
  }

 private:
  Disk& disk_;
  Totals& totals_;
  std::string_view name_;
  std::atomic<std::uint64_t> passes_{0};
  Disk::Loss loss_ = Disk::Loss::kPower;
};

Disk::Faults RandomFaults(std::mt19937_64& random) {
  Disk::Faults faults;
  switch (random() % 6) {
    case 0:
      faults.sync = 100;
      break;
    case 1:
      faults.write = 30;
      break;
    case 2:
      faults.full = true;
      break;
    case 3:
      faults.open = 200;
      break;
    case 4:
      faults.read = 20;
      break;
    default:
      faults = {.write = 10, .sync = 30, .open = 50, .read = 5, .truncate = 100};
  }
  return faults;
}

// Small numbers as often as large ones.
std::uint64_t Spread(std::mt19937_64& random, int bits) {
  return 1 + random() % (std::uint64_t{1} << random() % bits);
}

void Live(Disk& disk, StoreDriver& driver, PointTrap& trap, std::mt19937_64& random) {
  const bool failing = random() % 3 == 0, cut_while_opening = random() % 2 == 0;
  if (cut_while_opening) disk.CutAt(Spread(random, 6));
  driver.Open();
  const bool trapped = random() % 2 == 0;
  if (trapped) {
    trap.Set(random);
  } else if (random() % 2 == 0) {
    disk.CutAt(Spread(random, 10));
  }
  const int steps = trapped ? 200 : static_cast<int>(Spread(random, 8));
  for (int i = 0; i < steps && driver.is_open() && !disk.dead() && driver.failure().empty(); ++i) {
    if (failing && random() % 8 == 0)
      disk.SetFaults(random() % 2 == 0 ? Disk::Faults{} : RandomFaults(random));
    driver.Step();
  }
  disk.SetFaults({});
  if (driver.is_open() && !disk.dead() && driver.failure().empty()) driver.Recover();
  if (random() % 2 == 0) disk.Cut();
  driver.Close();
  trap.Clear();
  disk.Cut();
  disk.Restart();
}

std::string Run(const std::string& root, std::uint64_t seed, bool trace, Totals& totals) {
  std::filesystem::remove_all(root);
  std::filesystem::create_directory(root);
  std::mt19937_64 random(seed);
  Disk disk(root, random(), random() % 2 == 0 ? Disk::Names::kJournaled : Disk::Names::kAny);
  if (trace) disk.Trace();
  Disk::Use(&disk);
  Ledger ledger;
  PointTrap trap(disk, totals);
  StoreDriver driver({.dir = root + "/data",
                      .seed = random(),
                      .witness = &ledger,
                      .ledger = &ledger,
                      .disk = &disk,
                      .at_point = [&](std::string_view point) { trap.At(point); }});
  for (std::uint64_t lives = 1 + random() % 6; lives != 0 && driver.failure().empty(); --lives, ++totals.cuts)
    Live(disk, driver, trap, random);
  if (driver.failure().empty()) driver.Open();
  if (driver.failure().empty()) driver.Recover();
  driver.Close();
  driver.Check();
  totals.failures += disk.failures();
  totals.records += ledger.acknowledged();
  Disk::Use(nullptr);
  return driver.failure();
}

std::string WorkFolder() {
  const char* parent = std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : "/tmp";
  std::string pattern = std::string(parent) + "/cistern-power-XXXXXX";
  return ::mkdtemp(pattern.data()) == nullptr ? "" : pattern;
}

int Main(std::uint64_t seed, std::uint64_t count, bool trace) {
  InstallTestVfs();
  const std::string work = WorkFolder();
  if (work.empty()) return EXIT_FAILURE;
  std::printf("power_cut_test: seed %llu, %llu runs\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(count));
  std::fflush(stdout);
  Totals totals;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string failure = Run(work + "/disk", seed + i, trace, totals);
    if (failure.empty()) continue;
    std::printf("%s\nseed %llu; what is on the disk: %s\n", failure.c_str(),
                static_cast<unsigned long long>(seed + i), work.c_str());
    return EXIT_FAILURE;
  }
  std::filesystem::remove_all(work);
  for (const std::string_view point : kPoints)
    std::printf("  at %.*s: %llu\n", static_cast<int>(point.size()), point.data(),
                static_cast<unsigned long long>(totals.points[std::string(point)]));
  std::printf(
      "%llu power cuts, %llu failed calls: %llu acknowledged records, each stored once and unchanged\n",
      static_cast<unsigned long long>(totals.cuts), static_cast<unsigned long long>(totals.failures),
      static_cast<unsigned long long>(totals.records));
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace cistern::crash

int main(int argc, char** argv) {
  const std::uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : std::random_device()();
  return cistern::crash::Main(seed, argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 100, argc > 3);
}
