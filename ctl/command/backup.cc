#include <fmt/format.h>

#include <fstream>
#include <ostream>

#include "cistern/v1/store_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/interrupt.h"
#include "ctl/printer/text.h"
#include "ctl/transfer/pending_file.h"
#include "ctl/transfer/progress.h"
#include "storage/care/verify.h"

namespace cistern::ctl {
namespace {

struct BackupOptions {
  std::string file;
  bool no_verify = false;
};

void Fail(Context& context, const std::string& message, int exit_code) {
  *context.err << "cisternctl: " << Visible(message) << '\n';
  context.exit_code = exit_code;
}

// The archive into a file. False: it has been said why.
bool Fetch(Context& context, const std::string& path) {
  std::ofstream stream(path, std::ios::binary);
  if (!stream) {
    Fail(context, path + ": cannot be written", kExitSoftware);
    return false;
  }
  Client client(context);
  Progress progress(context, "copying");
  std::uint64_t bytes = 0;
  const auto status = client.Backup([&](v1::BackupResponse& response) {
    for (const std::string& note : response.notes()) {
      progress.Clear();
      Note(context, Visible(note));
    }
    bytes += response.data().size();
    progress.Update(bytes, response.bytes_expected(), 0);
    return stream.write(response.data().data(), static_cast<std::streamsize>(response.data().size())).good();
  });
  stream.close();
  progress.Clear();
  if (context.stop.stop_requested()) {
    Fail(context, "interrupted; there is no backup", kExitNegative);
  } else if (!stream) {
    Fail(context, path + ": cannot be written; is the disk full?", kExitSoftware);
  } else {
    return Report(context, status) == kExitOk;
  }
  return false;
}

// Whether a restore would work, and all records are sound.
bool Verify(Context& context, const std::string& path, Verified& verified) {
  Progress progress(context, "verifying");
  const LongWork work{context.stop.get_token(),
                      [&](std::uint64_t done, std::uint64_t total) { progress.Update(done, total, 0); }};
  const auto done = VerifyBackup(path, path + ".verify", work, verified);
  progress.Clear();
  if (!done) {
    Fail(context, "the backup does not verify: " + done.error(), kExitNegative);
    return false;
  }
  for (const Finding& finding : verified.findings)
    Fail(context, finding.file + ": " + finding.text, kExitNegative);
  return true;
}

void RunBackup(Context& context, const BackupOptions& options) {
  const InterruptGuard interrupt(context.stop);
  PendingFile file(options.file);
  if (!Fetch(context, file.temporary())) return;
  Verified verified;
  if (!options.no_verify && !Verify(context, file.temporary(), verified)) return;
  if (const auto committed = file.Commit(); !committed)
    return Fail(context, committed.error().message, kExitSoftware);
  if (options.no_verify) return Note(context, options.file + ": written, not verified");
  const bool sound = verified.findings.empty();
  Note(context, fmt::format("{}: {} in {} log file{}, {}, {}", options.file,
                            FormatCount(verified.check.records) + " records", verified.archive.log_files,
                            verified.archive.log_files == 1 ? "" : "s", FormatBytes(verified.archive.bytes),
                            sound ? "verified" : "kept, but the store it was made from is damaged"));
}

}  // namespace

void RegisterBackup(CLI::App& root, Context& context) {
  auto& command = AddCommand(root, "backup", "Copies the whole store into one file while the daemon works");
  auto options = std::make_shared<BackupOptions>();
  Require(AddText(command, "--to", options->file, "FILE",
                  "Where to; replaced once the new backup is whole and verified"));
  AddFlag(command, "--no-verify", options->no_verify,
          "Do not read the backup again and check every record in it");
  AddExamples(command,
              "The backup is a tar archive of the data directory. It is taken back by `cisternctl restore`. "
              "Verifying needs\n"
              "room for the largest log file beside FILE. Exit code 1: records in it are damaged, or it was "
              "interrupted.",
              {"backup --to cistern-2026-11-20.cistern", "backup --to /mnt/nas/cistern.cistern --quiet"});
  OnRun(command, [&context, options] { RunBackup(context, *options); });
}

}  // namespace cistern::ctl
