#include "storage/sqlite/log_block_index.h"

#include <utility>

#include "storage/sqlite/row_checksum.h"

namespace cistern {
namespace {

// What a word is asked of, or else the number of a column.
constexpr char kOfMessages = 'm', kOfAddresses = 'a';
static_assert(static_cast<int>(Column::kPeer) < kOfAddresses);

}  // namespace

std::unique_ptr<BlockIndex> LogBlockIndex::Open(std::shared_ptr<LogSet> logs,
                                                std::shared_ptr<const FileInfo> file, const LogRow& row) {
  if (BlobChecksum(*row.index, ToInt(row.summary.first_id)) != row.index_checksum) return nullptr;
  std::unique_ptr<LogBlockIndex> index(new LogBlockIndex(std::move(logs), std::move(file), row));
  const auto read = [words = index.get()](std::size_t chunk) { return words->ReadWords(chunk); };
  Result<std::unique_ptr<BlockIndex>> inner = OpenBlockIndex(row.index, read, Octets::kChecked);
  if (!inner) return nullptr;
  index->inner_ = std::move(*inner);
  return index;
}

LogBlockIndex::LogBlockIndex(std::shared_ptr<LogSet> logs, std::shared_ptr<const FileInfo> file,
                             const LogRow& row)
    : logs_(std::move(logs)),
      file_(std::move(file)),
      block_{file_->number, file_->generation, row.ordinal, row.index_checksum},
      first_id_(row.summary.first_id) {}

std::optional<std::string> LogBlockIndex::ReadWords(std::size_t chunk) {
  Result<ReaderPool::Lease> reader = logs_->Acquire(*file_);
  if (!reader) return std::nullopt;
  Result<std::string> words = (*reader)->Words(block_.ordinal, chunk);
  if (!words) reader->Discard();
  if (!logs_->Keeps(*file_)) return std::nullopt;
  words_read_ = words.has_value();
  if (words) return std::move(*words);
  if (words.error() == StoreErrc::kCorrupt) logs_->ReportIndexDamage(*file_, first_id_);
  return std::nullopt;
}

template <class Ask>
bool LogBlockIndex::MayHold(char of, std::string_view folded, Ask ask) {
  question_.assign(1, of).append(folded);
  if (logs_->denied_words().Contains(question_, block_)) return false;
  words_read_ = false;
  const bool may = ask();
  if (!may && words_read_) logs_->denied_words().Add(question_, block_);
  return may;
}

// Words without digits are mostly in the index itself.
bool LogBlockIndex::MayHoldWord(std::string_view folded) {
  if (folded.find_first_of("0123456789") == std::string_view::npos) return inner_->MayHoldWord(folded);
  return MayHold(kOfMessages, folded, [&] { return inner_->MayHoldWord(folded); });
}

bool LogBlockIndex::MayHoldAddress(std::string_view dotted) {
  return MayHold(kOfAddresses, dotted, [&] { return inner_->MayHoldAddress(dotted); });
}

bool LogBlockIndex::MayHoldValue(Column column, std::string_view folded) {
  return MayHold(static_cast<char>(column), folded, [&] { return inner_->MayHoldValue(column, folded); });
}

}  // namespace cistern
