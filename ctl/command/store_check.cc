#include <fmt/format.h>

#include <ostream>

#include "cistern/v1/store_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/interrupt.h"
#include "ctl/printer/finding_text.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"
#include "ctl/transfer/progress.h"
#include "storage/care/check.h"
#include "storage/care/repair.h"

namespace cistern::ctl {
namespace {

struct CheckOptions {
  std::string dir;
  bool repair = false;
  std::string output = "table";
};

Finding FromProto(const v1::Finding& in) {
  Finding out;
  out.kind = static_cast<FindingKind>(in.kind());
  out.file = in.file();
  out.text = in.text();
  out.first_id = RecordId{in.first_record_id()};
  out.last_id = RecordId{in.last_record_id()};
  if (in.has_oldest_received_time()) out.min_received = ToNs(in.oldest_received_time());
  if (in.has_newest_received_time()) out.max_received = ToNs(in.newest_received_time());
  out.lost_records = in.lost_records();
  out.repairable = in.repairable();
  return out;
}

// Shows findings as they come.
class CheckPrinter {
 public:
  CheckPrinter(Context& context, bool json)
      : context_(context), json_(json), output_(context), bar_(context, "checking") {}

  void Add(const Finding& finding) {
    bar_.Clear();
    (json_ ? AppendFindingJson : AppendFindingText)(finding, output_.text());
    output_.Flush();
  }
  void Update(std::uint64_t bytes_done, std::uint64_t bytes, std::uint64_t records) {
    bar_.Update(bytes_done, bytes, records);
  }
  void Finish(const CheckProgress& progress) {
    bar_.Clear();
    if (json_) AppendSummaryJson(progress, output_.text());
    if (!json_) output_.text() += SummaryText(progress) + "\n";
    context_.exit_code = progress.findings == 0 ? kExitOk : kExitNegative;
  }
  void Fail(const std::string& message, int exit_code) {
    bar_.Clear();
    *context_.err << "cisternctl: " << Visible(message) << '\n';
    context_.exit_code = exit_code;
  }

 private:
  Context& context_;
  const bool json_;
  Output output_;
  Progress bar_;
};

void CheckDaemon(Context& context, CheckPrinter& printer) {
  bool whole = false;
  const auto status = Client(context).Check([&](v1::CheckResponse& response) {
    for (const v1::Finding& finding : response.findings()) printer.Add(FromProto(finding));
    const v1::CheckProgress& at = response.progress();
    printer.Update(at.bytes_done(), at.bytes(), at.records_done());
    whole = response.has_summary();
    if (!whole) return true;
    CheckProgress progress;
    progress.findings = response.summary().findings();
    progress.files_done = response.summary().files();
    progress.batches = response.summary().batches();
    progress.records = response.summary().records();
    progress.lost_records = response.summary().lost_records();
    printer.Finish(progress);
    return true;
  });
  if (!status.ok()) {
    Report(context, status);
  } else if (!whole) {
    printer.Fail("interrupted; not everything was checked", kExitNegative);
  }
}

// False: it has been said why.
bool CheckDir(Context& context, const std::string& dir, CheckPrinter& printer, bool& repairable) {
  std::string holder;
  const auto check = StoreCheck::OfDir(dir, holder);
  if (!check) {
    const bool locked = check.error() == StoreErrc::kLocked;
    if (check.error() == StoreErrc::kNotFound) {
      printer.Fail(dir + " is not a data directory: it has no folder logs", kExitUsage);
      return false;
    }
    printer.Fail(locked ? fmt::format("process {} uses {}: stop it, or check without --dir", holder, dir)
                        : dir + ": " + check.error().message(),
                 locked ? kExitUnavailable : kExitUsage);
    return false;
  }
  std::vector<Finding> findings;
  while (!(*check)->done()) {
    if (context.stop.stop_requested()) {
      printer.Fail("interrupted; not everything was checked", kExitNegative);
      return false;
    }
    (*check)->Step(findings);
    for (const Finding& finding : findings) {
      repairable = repairable || finding.repairable;
      printer.Add(finding);
    }
    findings.clear();
    const CheckProgress& at = (*check)->progress();
    printer.Update(at.bytes_done, at.bytes, at.records);
  }
  printer.Finish((*check)->progress());
  return true;
}

void RunCheck(Context& context, const CheckOptions& options) {
  if (options.repair && options.dir.empty()) {
    UsageError(context, "--repair needs --dir, and the daemon stopped: no two programs may write a store");
    return;
  }
  const InterruptGuard interrupt(context.stop);
  CheckPrinter printer(context, options.output == "json");
  if (options.dir.empty()) return CheckDaemon(context, printer);
  bool repairable = false;
  if (!CheckDir(context, options.dir, printer, repairable) || !options.repair || !repairable) return;
  const LongWork work{context.stop.get_token(), {}};
  const auto done = RepairStore(options.dir, work, [&](const Finding& repaired) { printer.Add(repaired); });
  if (!done) return printer.Fail("not everything is repaired: " + done.error(), kExitNegative);
  CheckDir(context, options.dir, printer, repairable);
}

}  // namespace

void RegisterStore(CLI::App& root, Context& context) {
  auto& store = AddCommand(root, "store", "Checks, repairs and measures the store");
  AddExamples(store, "", {"store check", "store stats --by column"});

  auto& check = AddCommand(store, "check", "Reads everything stored and says what is damaged");
  auto options = std::make_shared<CheckOptions>();
  AddText(check, "--dir", options->dir, "DIR", "Check this data directory without a daemon");
  AddFlag(check, "--repair", options->repair,
          "With --dir: make indexes and figures again, set damaged batches aside, then check once more");
  AddOverviewOutput(check, options->output);
  AddExamples(check,
              "Without --dir the daemon does it, with low priority, while it goes on storing. A batch that "
              "cannot\n"
              "be read is set aside in the table `quarantine` of its log file, and it is said which records "
              "are\n"
              "lost. Exit code 0: clean, 1: something was found.",
              {"store check", "store check --dir /var/lib/cistern --repair"});
  OnRun(check, [&context, options] { RunCheck(context, *options); });

  RegisterStoreStats(store, context);
}

}  // namespace cistern::ctl
