#include "storage/sqlite/log_block.h"

#include <array>

#include "storage/sqlite/log_block_index.h"

namespace cistern {
namespace {

constexpr std::string_view kNoString[] = {""};
constexpr std::array<IpAddress, 1> kNoPeer{};

// The octets of a block in memory.
class MemorySource final : public BlobSource {
 public:
  explicit MemorySource(std::shared_ptr<const std::string> blob) : blob_(std::move(blob)) {}
  std::uint64_t size() const override { return blob_->size(); }
  std::optional<std::string_view> Read(std::uint64_t offset, std::size_t length) override {
    return std::string_view(*blob_).substr(offset, length);
  }

 private:
  const std::shared_ptr<const std::string> blob_;
};

}  // namespace

// The octets of a block in a file.
class LogBlockSource final : public BlobSource {
 public:
  LogBlockSource(std::shared_ptr<LogSet> logs, std::shared_ptr<const FileInfo> file, const LogRow& row,
                 std::shared_ptr<ReadFailure> failure, std::shared_ptr<std::uint64_t> fetched)
      : logs_(std::move(logs)),
        file_(std::move(file)),
        ordinal_(row.ordinal),
        size_(row.data_bytes),
        failure_(std::move(failure)),
        fetched_(std::move(fetched)) {}

  std::uint64_t size() const override { return size_; }
  std::optional<std::string_view> Read(std::uint64_t offset, std::size_t length) override {
    if (offset > size_ || length > size_ - offset) return std::nullopt;
    auto buffer = std::make_unique_for_overwrite<char[]>(length);
    Result<ReaderPool::Lease> reader = logs_->Acquire(*file_);
    Result<void> done;
    if (reader) {
      done = (*reader)->ReadData(ordinal_, offset, std::span(buffer.get(), length));
      if (!done) reader->Discard();
    } else {
      done = reader.error();
    }
    if (!logs_->Keeps(*file_)) {  // whatever was read may be another block's
      *failure_ = ReadFailure::kGone;
      return std::nullopt;
    }
    if (!done) {
      NoteFailure(done.error());
      return std::nullopt;
    }
    *fetched_ += length;
    buffers_.push_back(std::move(buffer));
    return std::string_view(buffers_.back().get(), length);
  }

 private:
  void NoteFailure(const boost::system::error_code& error) {
    if (error == StoreErrc::kCorrupt) return;
    *failure_ = ReadFailure::kUnreadable;
    if (error != StoreErrc::kBusy && error != StoreErrc::kNoAccess) logs_->ReportUnreadable(*file_, error);
  }

  const std::shared_ptr<LogSet> logs_;
  const std::shared_ptr<const FileInfo> file_;
  const std::uint64_t ordinal_, size_;
  const std::shared_ptr<ReadFailure> failure_;
  const std::shared_ptr<std::uint64_t> fetched_;
  std::vector<std::unique_ptr<char[]>> buffers_;
};

bool SameSummary(const StoredBatch& batch, const BlockSummary& summary) {
  return batch.size() == summary.records && batch.first_id() == summary.first_id &&
         batch.last_id() == summary.last_id && batch.min_received() == summary.min_received &&
         batch.max_received() == summary.max_received;
}

Result<std::unique_ptr<StoredBatch>> OpenRecent(const RecentBatch& recent) {
  if (!recent.block) return OpenBlock(recent.blob);
  const std::shared_ptr<const SealedBlock> block = recent.block;
  // Shares the block's life.
  std::shared_ptr<const std::string> octets(block, &block->index);
  Result<std::unique_ptr<BlockIndex>> index = OpenBlockIndex(
      octets, [block](std::size_t chunk) { return std::optional<std::string>(block->chunks[chunk]); });
  if (!index) return index.error();
  return OpenBlock(std::make_unique<MemorySource>(block->data), std::move(*index));
}

LogBlock::LogBlock(std::shared_ptr<LogSet> logs, std::shared_ptr<const FileInfo> file, LogRow row)
    : logs_(std::move(logs)), file_(std::move(file)), row_(std::move(row)) {}

LogBlock::~LogBlock() { Report(); }

void LogBlock::Report() {
  if (reported_ || !damaged() || *failure_ != ReadFailure::kNone) return;
  reported_ = true;
  logs_->Quarantine(*file_, row_.summary.first_id, row_.summary.last_id);
}

std::uint64_t LogBlock::fetched_bytes() const { return *fetched_; }

StoredBatch* LogBlock::Inner() {
  if (opened_) return inner_.get();
  opened_ = true;
  Result<std::unique_ptr<StoredBatch>> opened =
      OpenBlock(std::make_unique<LogBlockSource>(logs_, file_, row_, failure_, fetched_), nullptr);
  if (opened && SameSummary(**opened, row_.summary)) {
    inner_ = std::move(*opened);
  } else {
    unusable_ = true;
  }
  return inner_.get();
}

void LogBlock::Check() {
  if (StoredBatch* inner = Inner()) inner->Check();
  Report();
}

BlockIndex* LogBlock::index() {
  if (index_opened_) return index_.get();
  index_opened_ = true;
  index_ = LogBlockIndex::Open(logs_, file_, row_);
  // Without it the data tells, only slower.
  if (!index_) logs_->ReportIndexDamage(*file_, row_.summary.first_id);
  return index_.get();
}

StringColumn LogBlock::NoStrings() {
  no_codes_.resize(size());
  return {kNoString, no_codes_};
}

std::span<const std::int64_t> LogBlock::Ints(Column column) {
  if (StoredBatch* inner = Inner()) return inner->Ints(column);
  no_ints_.resize(size());
  return no_ints_;
}

StringColumn LogBlock::Strings(Column column) {
  if (StoredBatch* inner = Inner()) return inner->Strings(column);
  return NoStrings();
}

StringColumn LogBlock::StringsOf(Column column, std::span<const std::uint8_t> selected, std::size_t begin,
                                 std::size_t end) {
  if (StoredBatch* inner = Inner()) return inner->StringsOf(column, selected, begin, end);
  return NoStrings();
}

BatchView::PeerColumn LogBlock::Peers() {
  if (StoredBatch* inner = Inner()) return inner->Peers();
  no_codes_.resize(size());
  return {kNoPeer, no_codes_};
}

Record LogBlock::Row(std::size_t row) {
  StoredBatch* inner = Inner();
  return inner ? inner->Row(row) : Record{};
}

TemplateColumn* LogBlock::Templates() {
  StoredBatch* inner = Inner();
  return inner ? inner->Templates() : nullptr;
}

}  // namespace cistern
