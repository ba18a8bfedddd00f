#include "tests/crash/damage_trial.h"

#include <algorithm>

#include "storage/query/query.h"
#include "tests/crash/ledger.h"
#include "tests/unit/storage/record_maker.h"

namespace cistern::crash {

Trial::Trial(const Sample& sample, const Spot& spot, std::uint64_t gone)
    : sample_(sample), spot_(spot), gone_(gone) {}

std::string Trial::Run(const Course& course) {
  std::string wrong = Open();
  if (wrong.empty()) wrong = course.ask_first ? Ask() : ReadAll(scanned_);
  if (wrong.empty()) wrong = course.ask_first ? ReadAll(scanned_) : Ask();
  if (wrong.empty()) wrong = CompareOrders();
  if (wrong.empty()) wrong = CompareAnswers();
  if (wrong.empty()) wrong = CompareScan();
  if (wrong.empty()) wrong = CompareOthers();
  if (wrong.empty()) wrong = Append(course.new_file);
  if (wrong.empty() && (course.look_again || course.again)) wrong = ReadAgain();
  if (!wrong.empty() || !course.again) return wrong;
  wrong = Open();
  if (wrong.empty()) wrong = ReadAgain();
  return wrong.empty() ? "" : "after another start: " + wrong;
}

std::string Trial::Open() {
  store_.reset();
  auto opened =
      Store::Open(sample_.Options(), [this](const std::string& text) { warnings_.push_back(text); });
  if (!opened) return "does not open: " + opened.error().message();
  store_ = std::move(*opened);
  return "";
}

std::string Trial::Take(const Record& record, Found& found) {
  const std::uint64_t id = ToInt(record.id);
  if (appended_ != 0 && id >= appended_) {
    ++appended_found_;
    return id == appended_ && record.message == "after" ? "" : "what was appended is not what it was";
  }
  const Sample::Stored* stored = sample_.Find(id);
  if (stored == nullptr) return "record " + std::to_string(id) + " was never stored";
  if (stored->digest != DigestOf(record)) return "record " + std::to_string(id) + " is not what was stored";
  if (found[stored->index] != 0) return "record " + std::to_string(id) + " comes twice";
  found[stored->index] = 1;
  return "";
}

std::string Trial::ReadAll(Found& found) {
  found.assign(sample_.records().size(), 0);
  appended_found_ = told_gone_ = 0;
  const auto scan = store_->NewScan({});
  for (;;) {
    auto batch = scan->Next();
    if (!batch) return "scan: " + batch.error().message();
    if (const auto gap = scan->TakeGap()) told_gone_ += gap->records;
    if (!*batch) return "";
    (*batch)->Check();
    if ((*batch)->damaged()) continue;
    for (std::size_t i = 0; i < (*batch)->size(); ++i)
      if (std::string wrong = Take((*batch)->Row(i), found); !wrong.empty()) return wrong;
  }
}

// The first filter gives everything, newest first.
std::string Trial::CompareOrders() {
  missing_ = 0;
  for (const auto& [id, stored] : sample_.records())
    missing_ += !stored.may_be_gone && !scanned_[stored.index];
  const Found& backward = answers_.front();
  if (scanned_ == backward) return "";
  if (warnings_.empty()) return "the two orders give different records";
  // A tree that is out of order may be followed farther from one side, and queries come from either.
  for (std::size_t i = 0; i < scanned_.size(); ++i) scanned_[i] &= backward[i];
  return "";
}

std::string Trial::Ask() {
  answers_.resize(sample_.filters().size());
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    answers_[i].assign(sample_.records().size(), 0);
    const QueryOptions query{.filter = sample_.filters()[i], .limit = 0};
    std::string wrong;
    const auto done =
        RunQuery(*store_, query, {}, [&](BatchView& view, const std::vector<std::uint32_t>& rows) {
          for (const std::uint32_t row : rows)
            if (wrong.empty()) wrong = Take(view.Row(row), answers_[i]);
          return true;
        });
    if (wrong.empty() && !done) wrong = done.error().message();
    if (!wrong.empty()) return query.filter.ToString() + ": " + wrong;
  }
  return "";
}

std::string Trial::CompareAnswers() const {
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    for (const auto& [id, stored] : sample_.records()) {
      const bool matches = (stored.matches >> i & 1) != 0, found = answers_[i][stored.index] != 0;
      if (found == matches || (!found && !scanned_[stored.index])) continue;
      return sample_.filters()[i].ToString() + (found ? " finds " : " does not find ") + std::to_string(id);
    }
  }
  return "";
}

// What stands behind a damaged frame of a -wal cannot be told from what a power cut left there. Else whatever
// is lost has to be told, by the name of the file.
bool Trial::IsExcused() const {
  if (spot_.file.ends_with("-wal")) return true;
  std::string name = spot_.file.substr(spot_.file.rfind('/') + 1);
  name.resize(name.find(".db") + 3);
  return std::any_of(warnings_.begin(), warnings_.end(),
                     [&](const std::string& warning) { return warning.find(name) != std::string::npos; });
}

std::string Trial::CompareScan() const {
  for (const auto& [id, stored] : sample_.records())
    if (!scanned_[stored.index] && !stored.may_be_gone && !spot_.file.starts_with(stored.file))
      return "record " + std::to_string(id) + " of " + stored.file + " is missing";
  if (missing_ != 0 && !IsExcused()) return std::to_string(missing_) + " records are missing without a word";
  return "";
}

std::string Trial::CompareOthers() const {
  for (const auto& [name, sequence] : sample_.clients()) {
    const std::uint64_t now = store_->LastSequence(name);
    if (now > sequence || (now < sequence && !IsExcused()))
      return name + " has sequence " + std::to_string(now) + " instead of " + std::to_string(sequence);
  }
  const RecordId cursor = store_->GetCursor("target").value_or(RecordId{0});
  if (cursor != sample_.cursor() && (cursor != RecordId{0} || !IsExcused()))
    return "the cursor is at " + std::to_string(ToInt(cursor));
  if (told_gone_ > gone_ + missing_)
    return "told of " + std::to_string(told_gone_) + " records that are gone";
  return "";
}

std::string Trial::Append(bool new_file) {
  RecordBatch batch;
  testing::AddRecord(batch, "after", Sample::ReceivedAfter(new_file));
  RecordBatch* const batches[] = {&batch};
  auto done = store_->Append(batches, {});
  for (int i = 0; i < 3 && !done; ++i) {
    (void)store_->Reopen();
    done = store_->Append(batches, {});
  }
  if (!done) return "append: " + done.error().message();
  if (done->first <= RecordId{sample_.records().back().first}) return "an id is given again";
  appended_ = ToInt(done->first);
  return "";
}

// What was appended must be there, and must not have cost anything of what was.
std::string Trial::ReadAgain() {
  const Found before = scanned_;
  if (std::string wrong = ReadAll(scanned_); !wrong.empty()) return wrong;
  if (appended_found_ != 1) return "what was appended is found " + std::to_string(appended_found_) + " times";
  for (const auto& [id, stored] : sample_.records())
    if (before[stored.index] && !scanned_[stored.index])
      return "after an append record " + std::to_string(id) + " is missing";
  return "";
}

}  // namespace cistern::crash
