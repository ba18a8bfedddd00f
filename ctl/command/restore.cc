#include "storage/care/restore.h"

#include <fmt/format.h>

#include <ostream>

#include "ctl/command/options.h"
#include "ctl/interrupt.h"
#include "ctl/printer/text.h"
#include "ctl/transfer/progress.h"

namespace cistern::ctl {
namespace {

struct RestoreOptions {
  std::string file, dir;
};

void RunRestore(Context& context, const RestoreOptions& options) {
  const InterruptGuard interrupt(context.stop);
  Progress progress(context, "restoring");
  const LongWork work{context.stop.get_token(),
                      [&](std::uint64_t done, std::uint64_t total) { progress.Update(done, total, 0); }};
  Restored restored;
  const auto done = RestoreBackup(options.file, options.dir, work, restored);
  progress.Clear();
  if (!done) {
    *context.err << "cisternctl: " << Visible(done.error()) << "; nothing was restored\n";
    context.exit_code = kExitNegative;
    return;
  }
  for (const std::string& note : restored.notes) Note(context, Visible(note));
  Note(context,
       fmt::format("{}: {} records in {} log file{}, ids {} to {}; store {}, next id {}", options.dir,
                   FormatCount(restored.records), restored.log_files, restored.log_files == 1 ? "" : "s",
                   ToInt(restored.first_id), ToInt(restored.last_id), restored.store_id, restored.next_id));
}

}  // namespace

void RegisterRestore(CLI::App& root, Context& context) {
  auto& command = AddCommand(root, "restore", "Makes a data directory from a backup; needs no daemon");
  auto options = std::make_shared<RestoreOptions>();
  Require(AddText(command, "FILE", options->file, "", "What `cisternctl backup` made"));
  Require(AddText(command, "--dir", options->dir, "DIR", "A new or empty directory"));
  AddExamples(
      command,
      "Every checksum is compared first; what does not fit is refused, and DIR stays empty. Run it as "
      "the\n"
      "daemon's user, then start the daemon on DIR. The result is a store of its own: resume tokens of "
      "the\n"
      "old one are refused, new records continue a million ids further on. Exit code 1: not restored.",
      {"restore cistern-2026-11-20.cistern --dir /var/lib/cistern"});
  OnRun(command, [&context, options] { RunRestore(context, *options); });
}

}  // namespace cistern::ctl
