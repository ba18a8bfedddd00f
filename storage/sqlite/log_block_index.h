// The index of a block in a file: words come from the file, and what it denied once is remembered.
//
// Threads: as BlockIndex. A connection is borrowed for the length of a call only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "storage/sqlite/log_rows.h"
#include "storage/sqlite/log_set.h"

namespace cistern {

class LogBlockIndex final : public BlockIndex {
 public:
  // Null when it is damaged. Words that are damaged are reported to `logs` once they are met.
  static std::unique_ptr<BlockIndex> Open(std::shared_ptr<LogSet> logs, std::shared_ptr<const FileInfo> file,
                                          const LogRow& row);

  std::uint64_t records() const override { return inner_->records(); }
  std::optional<Range> IntRange(Column column) override { return inner_->IntRange(column); }
  std::span<const CountedInt> IntValues(Column column) override { return inner_->IntValues(column); }
  std::optional<std::span<const CountedString>> StringValues(Column column) override {
    return inner_->StringValues(column);
  }
  std::span<const TextTemplate> Templates() override { return inner_->Templates(); }
  std::optional<std::string_view> PieceOctets() override { return inner_->PieceOctets(); }
  bool MayHoldWord(std::string_view folded) override;
  bool MayHoldAddress(std::string_view dotted) override;
  bool MayHoldValue(Column column, std::string_view folded) override;

 private:
  LogBlockIndex(std::shared_ptr<LogSet> logs, std::shared_ptr<const FileInfo> file, const LogRow& row);
  std::optional<std::string> ReadWords(std::size_t chunk);
  template <class Ask>
  bool MayHold(char of, std::string_view folded, Ask ask);

  const std::shared_ptr<LogSet> logs_;
  const std::shared_ptr<const FileInfo> file_;
  const DeniedWords::Block block_;
  const RecordId first_id_;
  bool words_read_ = false;  // from the file, in this call
  std::string question_;
  std::unique_ptr<BlockIndex> inner_;
};

}  // namespace cistern
