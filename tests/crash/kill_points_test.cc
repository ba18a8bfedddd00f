// Kills a process that writes to a store: kill_points_test [SEED [KILLS]]. Half of the kills are at marked
// points, one point after the other, the rest at any moment. Process i has the seed SEED+i.
//
// The process tells over a pipe what it is about to do and what the store acknowledged. After its death the
// store is opened on a copy of what is left and compared; the next process goes on with the original.
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <string>

#include "tests/crash/points.h"
#include "tests/crash/store_driver.h"
#include "tests/crash/witness_pipe.h"

namespace cistern::crash {
namespace {

constexpr int kSteps = 300;
constexpr std::uint64_t kCopyEvery = 8;  // every so often not a copy is opened, but the original

struct Plan {
  std::string_view point;  // empty: after `microseconds`
  std::uint64_t passes = 1, microseconds = 0;
};

Plan MakePlan(std::mt19937_64& random, std::uint64_t number) {
  if (number % 2 != 0) return {.microseconds = 1 + random() % (std::uint64_t{1} << (8 + random() % 10))};
  return {.point = kPoints[number / 2 % std::size(kPoints)], .passes = 1 + random() % 3};
}

void KillAfter(std::uint64_t microseconds) {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGKILL;
  timer_t timer{};
  ::timer_create(CLOCK_MONOTONIC, &event, &timer);
  itimerspec when{};
  when.it_value = {static_cast<time_t>(microseconds / 1'000'000),
                   static_cast<long>(microseconds % 1'000'000 * 1000)};
  ::timer_settime(timer, 0, &when, nullptr);
}

[[noreturn]] void Work(const std::string& dir, std::uint64_t seed, int life, const Plan& plan, int fd) {
  PipeWitness witness(fd);
  std::atomic<std::uint64_t> passes = plan.passes;
  StoreDriver driver(
      {.dir = dir, .seed = seed, .witness = &witness, .life = life, .at_point = [&](std::string_view at) {
         if (at == plan.point && --passes == 0) ::kill(::getpid(), SIGKILL);
       }});
  if (plan.point.empty()) KillAfter(plan.microseconds);
  driver.Open();
  for (int i = 0; i < kSteps && driver.failure().empty(); ++i) driver.Step();
  driver.Close();
  if (!driver.failure().empty()) witness.Say(driver.failure());
  std::_Exit(EXIT_SUCCESS);
}

class Killer {
 public:
  Killer(std::string work, std::uint64_t seed) : work_(std::move(work)), random_(seed), seed_(seed) {}

  // One process. What went wrong, or nothing.
  std::string Next() {
    const Plan plan = MakePlan(random_, number_++);
    int ends[2];
    if (::pipe(ends) != 0) return "no pipe";
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      Work(work_ + "/data", seed_ + number_, number_, plan, ends[1]);
    }
    ::close(ends[1]);
    const std::vector<std::string> said = Listen(ends[0], ledger_);
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!said.empty()) return said.front();
    if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
      return "died of signal " + std::to_string(WTERMSIG(status));
    if (WIFSIGNALED(status)) ++kills_[plan.point.empty() ? "any moment" : std::string(plan.point)], ++count_;
    return Compare();
  }

  std::uint64_t count() const { return count_; }
  void Print() const {
    for (const auto& [point, times] : kills_)
      std::printf("  at %s: %llu\n", point.c_str(), static_cast<unsigned long long>(times));
    std::printf("%llu kills: %llu acknowledged records, each stored once and unchanged\n",
                static_cast<unsigned long long>(count_),
                static_cast<unsigned long long>(ledger_.acknowledged()));
  }

 private:
  std::string Compare() {
    std::string dir = work_ + "/data";
    if (number_ % kCopyEvery != 0) {
      const std::string copy = work_ + "/copy";
      std::filesystem::remove_all(copy);
      if (std::filesystem::exists(dir))
        std::filesystem::copy(dir, copy, std::filesystem::copy_options::recursive);
      dir = copy;
    }
    StoreDriver driver({.dir = dir,
                        .seed = seed_,
                        .witness = &ledger_,
                        .ledger = &ledger_,
                        .life = static_cast<int>(number_)});
    driver.Open();
    driver.Close();
    driver.Check();
    return driver.failure();
  }

  const std::string work_;
  std::mt19937_64 random_;
  const std::uint64_t seed_;
  int number_ = 0;
  std::uint64_t count_ = 0;
  Ledger ledger_;
  std::map<std::string, std::uint64_t> kills_;
};

int Main(std::uint64_t seed, std::uint64_t kills) {
  const char* parent = std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : "/tmp";
  std::string work = std::string(parent) + "/cistern-kill-XXXXXX";
  if (::mkdtemp(work.data()) == nullptr) return EXIT_FAILURE;
  std::printf("kill_points_test: seed %llu, %llu kills\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(kills));
  std::fflush(stdout);
  Killer killer(work, seed);
  while (killer.count() < kills) {
    const std::string failure = killer.Next();
    if (failure.empty()) continue;
    std::printf("%s\nseed %llu, kill %llu; what is left: %s\n", failure.c_str(),
                static_cast<unsigned long long>(seed), static_cast<unsigned long long>(killer.count()),
                work.c_str());
    return EXIT_FAILURE;
  }
  killer.Print();
  std::filesystem::remove_all(work);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace cistern::crash

int main(int argc, char** argv) {
  const std::uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : std::random_device()();
  return cistern::crash::Main(seed, argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 200);
}
