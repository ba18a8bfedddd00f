// How fast rules run over a store: rehearsal_tool DIR FILE. Prints one JSON object a rule of FILE, each
// rehearsed alone, with CPU seconds of the process. The store is opened as a daemon would open it: none may
// use it.
#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <sstream>

#include "cistern/v1/rule.pb.h"
#include "proto/yaml/reader.h"
#include "service/rules/definition.h"
#include "service/rules/rehearsal.h"
#include "storage/store.h"

namespace cistern {
namespace {

std::int64_t Now() {
  return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

double CpuSeconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

[[noreturn]] void Fail(const std::string& text) {
  fmt::print(stderr, "rehearsal_tool: {}\n", text);
  std::exit(70);
}

v1::RuleFile Read(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  v1::RuleFile file;
  Origins origins;
  YamlErrors errors;
  ReadYaml(text.str(), {{OriginKind::kFile, path}, "/"}, {file, origins, errors});
  if (!errors.empty()) Fail(errors.ToString());
  for (v1::Rule& rule : *file.mutable_rules()) {
    if (const YamlErrors wrong = PrepareRule(rule, 0); !wrong.empty()) Fail(wrong.ToString());
  }
  return file;
}

void Rehearse(Store& store, const v1::Rule& rule) {
  RehearsalPlan plan;
  plan.rules = {rule};
  const double begin = CpuSeconds();
  auto rehearsal = Rehearsal::Make(store, {}, std::move(plan), Now());
  if (!rehearsal) Fail(rehearsal.error());
  for (;;) {
    const auto step = (*rehearsal)->Step();
    if (!step) Fail(step.error().message());
    if (*step == Rehearsal::Progress::kDone) break;
  }
  const double seconds = CpuSeconds() - begin;
  const RuleRunFigures figures = (*rehearsal)->figures().front().now;
  fmt::print(
      R"({{"rule":"{}","records":{},"matched":{},"dropped":{},"events":{},"cpu_seconds":{:.3f},"records_a_second":{:.0f}}})"
      "\n",
      rule.name(), (*rehearsal)->records(), figures.matched, figures.dropped, figures.events, seconds,
      static_cast<double>((*rehearsal)->records()) / seconds);
}

}  // namespace
}  // namespace cistern

int main(int argc, char** argv) {
  using namespace cistern;
  if (argc != 3) Fail("usage: rehearsal_tool DIR FILE");
  StoreOptions options;
  options.dir = argv[1];
  options.free_space_reserve = 0;
  auto store = Store::Open(options);
  if (!store) Fail(store.error().message());
  const v1::RuleFile file = Read(argv[2]);
  for (const v1::Rule& rule : file.rules()) Rehearse(**store, rule);
}
