#include "storage/sqlite/thinning.h"

#include <sys/resource.h>

#include <algorithm>

#include "storage/sqlite/log_block.h"
#include "storage/sqlite/row_checksum.h"
#include "storage/sqlite/row_writer.h"

namespace cistern {
namespace {

constexpr int kRowsACommit = 8;
constexpr int kNice = 10;

// Copies of records that are to become blocks.
class Rest {
 public:
  void Add(const Record& from) {
    Record& record = batch_.records().emplace_back(from);
    for (std::string_view Record::*field :
         {&Record::listener, &Record::tls_identity, &Record::hostname, &Record::app_name, &Record::procid,
          &Record::msgid, &Record::structured_data, &Record::message, &Record::raw, &Record::tags})
      record.*field = batch_.arena().Copy(from.*field);
    text_ += TextBytes(record);
  }
  std::size_t size() const { return batch_.size(); }
  bool long_enough() const { return text_ >= kMaxBlockText; }
  // Seals the first `count` records, and forgets them.
  SealedBlock Seal(std::size_t count) {
    const std::span<const Record> all = batch_.records();
    const std::span<const Record> parts[] = {all.first(count)};
    SealedBlock block = sealer_.Seal(parts);
    RecordBatch whole = std::move(batch_);
    batch_ = {};
    text_ = 0;
    for (std::size_t i = count; i < whole.size(); ++i) Add(whole.records()[i]);
    return block;
  }

 private:
  RecordBatch batch_;
  std::uint64_t text_ = 0;
  BlockSealer sealer_;
};

class LogThinner {
 public:
  LogThinner(const ThinJob& job, const std::stop_token& stop) : job_(job), stop_(stop) {}

  Result<Thinned> Run() {
    Result<void> done = Look();
    if (done && affected_ != 0) done = Rewrite();
    if (!done && done.error() != StoreErrc::kCorrupt) return done.error();
    if (!done) thinned_.outcome = Thinned::Outcome::kDamaged;
    return thinned_;
  }

 private:
  Result<void> OpenSource() {
    Result<std::unique_ptr<FileWalker>> walker = FileWalker::Open(job_.path);
    if (!walker) return walker.error();
    source_ = std::move(*walker);
    after_ = passed_ = 0;
    return {};
  }

  // Up to the first row from which something goes.
  Result<void> Look() {
    if (const auto opened = OpenSource(); !opened) return opened;
    if (const auto read = ReadRuns(); !read) return read;
    for (;;) {
      const Result<std::optional<WalkedRow>> walked = Next();
      if (!walked) return walked.error();
      if (!*walked) return {};
      const Result<std::unique_ptr<StoredBatch>> batch = Open(**walked);
      if (!batch) return batch.error();
      const std::size_t drops = job_.rules.Sift(**batch, job_.reached, drop_);
      if ((*batch)->damaged()) return StoreErrc::kCorrupt;
      if (drops == 0) continue;
      affected_ = ToInt((*walked)->row.summary.first_id);
      return {};
    }
  }

  Result<void> ReadRuns() {
    Result<std::vector<FileWalker::Run>> runs = source_->Runs();
    if (!runs) return runs.error();
    runs_ = std::move(*runs);
    if (runs_.empty() || !std::ranges::all_of(runs_, &FileWalker::Run::sound)) return StoreErrc::kCorrupt;
    const BlockSummary& totals = job_.file.totals;
    if (IsThinned(runs_)) return SetOriginals();
    runs_.push_back({ToInt(totals.last_id) + 1, totals.records, true, true});
    return {};
  }

  Result<void> SetOriginals() {
    std::vector<Gap> originals;
    for (std::size_t i = 0; i + 1 < runs_.size(); ++i) {
      if (runs_[i + 1].records_before <= runs_[i].records_before) return StoreErrc::kCorrupt;
      const std::uint64_t records = runs_[i + 1].records_before - runs_[i].records_before;
      originals.push_back({RecordId{runs_[i].first_id}, RecordId{runs_[i].first_id + records - 1}, records});
    }
    thinned_.originals = std::make_shared<const std::vector<Gap>>(std::move(originals));
    return {};
  }

  // The next row, with nothing wrong about it. kCorrupt: there is.
  Result<std::optional<WalkedRow>> Next() {
    if (stop_.stop_requested()) return StoreErrc::kCancelled;
    Result<std::optional<WalkedRow>> walked = source_->Next(after_);
    if (!walked) return walked;
    if (!*walked) {
      if (passed_ != job_.file.totals.records) return StoreErrc::kCorrupt;
      return walked;
    }
    const LogRow& row = (*walked)->row;
    passed_ += row.summary.records;
    const bool whole = row.sound && (*walked)->data && ToInt(row.summary.first_id) > after_ &&
                       row.file.totals.records == passed_ && CheckBlock(*(*walked)->data) &&
                       (row.table != LogTable::kBlock || HasIndex(**walked));
    if (!whole) return StoreErrc::kCorrupt;
    after_ = ToInt(row.summary.last_id);
    return walked;
  }

  static bool HasIndex(const WalkedRow& walked) {
    return walked.row.data_bytes == walked.data->size() &&
           BlobChecksum(*walked.row.index, ToInt(walked.row.summary.first_id)) == walked.row.index_checksum &&
           std::ranges::all_of(walked.words, [](const auto& chunk) { return chunk.has_value(); });
  }

  static Result<std::unique_ptr<StoredBatch>> Open(const WalkedRow& walked) {
    RecentBatch recent{.summary = walked.row.summary};
    if (walked.row.table == LogTable::kBlock) {
      auto block = std::make_shared<SealedBlock>();
      block->summary = walked.row.summary;
      block->data = walked.data;
      block->index = *walked.row.index;
      for (std::size_t i = 0; i < kWordChunks; ++i) block->chunks[i] = *walked.words[i];
      recent.block = std::move(block);
    } else {
      recent.blob = walked.data;
    }
    Result<std::unique_ptr<StoredBatch>> batch = OpenRecent(recent);
    if (batch && !SameSummary(**batch, walked.row.summary)) return StoreErrc::kCorrupt;
    return batch;
  }

  Result<void> Rewrite() {
    if (const auto opened = OpenTarget(); !opened) return opened;
    for (bool more = true; more;) {
      Transaction transaction(target_->database());
      if (const auto begun = transaction.Begin(); !begun) return begun;
      for (int i = 0; i < kRowsACommit && more; ++i)
        if (const auto done = TakeNext(more); !done) return done;
      if (const auto done = transaction.Commit(); !done) return done;
      if (const auto done = target_->CheckpointIfDue(); !done) return done;
    }
    thinned_.dropped = job_.file.totals.records - figures_.totals.records;
    thinned_.totals = figures_.totals;
    thinned_.outcome = Thinned::Outcome::kEverythingGoes;
    if (figures_.totals.records == 0) return {};
    thinned_.outcome = Thinned::Outcome::kRewritten;
    if (const auto set = SetOriginals(); !set) return set;
    return Finish();
  }

  // Everything is on the disk when it returns.
  Result<void> Finish() {
    if (const auto done = target_->Finish(); !done) return done;
    target_.reset();
    thinned_.bytes = FileBytesWithWal(job_.path + kNewSuffix);
    return SyncFolder(job_.path.substr(0, job_.path.rfind('/')));
  }

  Result<void> OpenTarget() {
    if (const auto opened = OpenSource(); !opened) return opened;
    const auto ordinal = source_->version() == 1
                             ? Result<std::int64_t>(0)
                             : source_->database().Int("SELECT coalesce(max(ordinal), 0) FROM data");
    if (!ordinal) return ordinal.error();
    last_ordinal_ = static_cast<std::uint64_t>(*ordinal);
    Result<std::unique_ptr<RowWriter>> target = RowWriter::Create(job_.path + kNewSuffix);
    if (!target) return target.error();
    target_ = std::move(*target);
    return target_->CopyTables(*source_);
  }

  Result<void> TakeNext(bool& more) {
    const Result<std::optional<WalkedRow>> walked = Next();
    if (!walked) return walked.error();
    more = walked->has_value();
    if (!more) {
      if (const auto put = PutRest(); !put) return put;
      return target_->PutRuns(runs_);
    }
    const LogRow& row = (*walked)->row;
    if (ToInt(row.summary.first_id) < affected_) return Copy(**walked);
    Result<std::unique_ptr<StoredBatch>> batch = Open(**walked);
    if (!batch) return batch.error();
    const std::size_t drops = job_.rules.Sift(**batch, job_.reached, drop_);
    if ((*batch)->damaged()) return StoreErrc::kCorrupt;
    if (drops == 0) return Copy(**walked);
    figures_.disorder = std::max(figures_.disorder, row.file.disorder);
    if (drops == (*batch)->size()) return {};
    return Keep(**batch);
  }

  // Blocks are evenly full: at least half of what they should hold, but for the last one of a stretch.
  Result<void> Keep(StoredBatch& batch) {
    std::uint64_t last = 0;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Record record = batch.Row(i);
      if (ToInt(record.id) <= last) return StoreErrc::kCorrupt;
      last = ToInt(record.id);
      if (drop_[i] == 0) rest_.Add(record);
      const bool many = rest_.size() >= job_.block_records + job_.block_records / 2;
      if (!many && !rest_.long_enough()) continue;
      if (const auto put = PutBlock(many ? job_.block_records : rest_.size()); !put) return put;
    }
    if (batch.damaged()) return StoreErrc::kCorrupt;
    return {};
  }

  Result<void> PutRest() { return rest_.size() == 0 ? Result<void>() : PutBlock(rest_.size()); }

  Result<void> PutBlock(std::size_t records) {
    const SealedBlock block = rest_.Seal(records);
    LogRow row{.table = LogTable::kBlock, .summary = block.summary};
    row.ordinal = ++last_ordinal_;
    AddToFigures(figures_, block.summary, /*disorder=*/0);
    row.file = figures_;
    RowWriter::Chunks words;
    std::copy(block.chunks.begin(), block.chunks.end(), words.begin());
    return target_->PutBlock(row, *block.data, block.index, words);
  }

  Result<void> Copy(const WalkedRow& walked) {
    if (const auto put = PutRest(); !put) return put;
    LogRow row = walked.row;
    AddToFigures(figures_, row.summary, row.file.disorder);
    row.file = figures_;
    if (row.table != LogTable::kBlock) return target_->PutTailRow(row, *walked.data);
    RowWriter::Chunks words;
    for (std::size_t i = 0; i < kWordChunks; ++i) words[i] = *walked.words[i];
    return target_->PutBlock(row, *walked.data, *row.index, words);
  }

  const ThinJob& job_;
  const std::stop_token& stop_;
  Thinned thinned_;
  std::unique_ptr<FileWalker> source_;
  std::unique_ptr<RowWriter> target_;
  std::vector<FileWalker::Run> runs_;
  std::uint64_t affected_ = 0;            // first id of the first row from which something goes; 0: none
  std::uint64_t after_ = 0, passed_ = 0;  // in the source: the last id, and how many records
  std::uint64_t last_ordinal_ = 0;
  FileFigures figures_;  // of the new file
  Rest rest_;
  Selection drop_;
};

}  // namespace

Result<Thinned> ThinLog(const ThinJob& job, const std::stop_token& stop) {
  return LogThinner(job, stop).Run();
}

void Thinner::Start(ThinJob job) {
  job_ = std::make_unique<const ThinJob>(std::move(job));
  done_ = false;
  thread_ = std::jthread([this](const std::stop_token& stop) {
    (void)::setpriority(PRIO_PROCESS, 0, kNice);  // of this thread: commits come first
    Result<Thinned> result = ThinLog(*job_, stop);
    const bool rewritten = result && result->outcome == Thinned::Outcome::kRewritten;
    if (!rewritten) RemoveLogFile(job_->path + kNewSuffix);
    if (job_->at_point) job_->at_point(rewritten ? "thin.written" : "thin.looked");
    result_ = std::move(result);
    done_.store(true, std::memory_order_release);
  });
}

Result<Thinned> Thinner::Take() {
  if (thread_.joinable()) thread_.join();
  job_.reset();
  return std::move(result_);
}

}  // namespace cistern
