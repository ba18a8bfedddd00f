// A sealed block made naively from records, for tests of what reads sealed blocks: templates and slots,
// stamps, counted values and words, all of them exact. Shares no code with the real one.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "storage/store.h"

namespace cistern {

struct FakeBlockOptions {
  std::size_t min_rows = 2;          // templates with fewer rows go to free text
  bool values_follow_equals = true;  // what stands behind `=` is a slot
  bool keep_values = true;           // StringValues
};

// The message column taken apart. Records must outlive it.
class FakeTemplates final : public TemplateColumn {
 public:
  FakeTemplates(std::span<const Record> records, const FakeBlockOptions& options);
  std::size_t templates() const override { return pieces_.size(); }
  std::span<const std::uint16_t> template_of() override { return template_of_; }
  std::span<const std::uint32_t> position_of() override { return position_of_; }
  std::span<const std::string_view> Pieces(std::size_t t) override { return pieces_[t]; }
  // Every second slot is behind codes.
  StringColumn Slot(std::size_t t, std::size_t slot) override;
  std::vector<TextTemplate> Describe() const;
  bool HoldsWord(std::string_view folded) const { return words_.count(std::string(folded)) > 0; }
  bool HoldsAddress(std::string_view dotted) const { return addresses_.count(std::string(dotted)) > 0; }

 private:
  struct Slots {
    std::vector<std::vector<std::string_view>> values;
    std::vector<std::vector<std::string_view>> distinct;
    std::vector<std::vector<std::uint32_t>> codes;
  };
  void Place(std::size_t row, std::size_t t, const std::vector<std::string_view>& values);
  void AddWords(std::string_view value);

  std::vector<std::vector<std::string_view>> pieces_;
  std::vector<Slots> slots_;
  std::vector<std::uint16_t> template_of_;
  std::vector<std::uint32_t> position_of_;
  std::set<std::string> words_, addresses_;
};

class FakeIndex final : public BlockIndex {
 public:
  FakeIndex(std::span<const Record> records, const FakeTemplates& templates, const FakeBlockOptions& options);
  std::uint64_t records() const override { return records_.size(); }
  std::optional<Range> IntRange(Column column) override;
  std::span<const CountedInt> IntValues(Column column) override { return ints_[column]; }
  std::optional<std::span<const CountedString>> StringValues(Column column) override;
  std::span<const TextTemplate> Templates() override { return described_; }
  bool MayHoldWord(std::string_view folded) override { return templates_.HoldsWord(folded); }
  bool MayHoldAddress(std::string_view dotted) override { return templates_.HoldsAddress(dotted); }

 private:
  std::span<const Record> records_;
  const FakeTemplates& templates_;
  std::vector<TextTemplate> described_;
  RecordsView view_;
  std::map<Column, std::vector<CountedInt>> ints_;
  std::map<Column, std::vector<CountedString>> strings_;
};

class FakeBlock final : public StoredBatch {
 public:
  explicit FakeBlock(std::span<const Record> records, const FakeBlockOptions& options = {});
  std::size_t size() const override { return view_.size(); }
  std::span<const std::int64_t> Ints(Column column) override {
    ++reads;
    return view_.Ints(column);
  }
  StringColumn Strings(Column column) override {
    ++reads;
    return view_.Strings(column);
  }
  // Rows that were not asked for read as nonsense.
  StringColumn StringsOf(Column column, std::span<const std::uint8_t> selected, std::size_t begin,
                         std::size_t end) override;
  PeerColumn Peers() override { return view_.Peers(); }
  Record Row(std::size_t row) override {
    ++reads;
    return view_.Row(row);
  }
  TemplateColumn* Templates() override { return &templates_; }
  RecordId first_id() const override { return records_.front().id; }
  RecordId last_id() const override { return records_.back().id; }
  std::int64_t min_received() const override;
  std::int64_t max_received() const override;
  std::uint64_t encoded_bytes() const override { return 100; }
  std::uint64_t fetched_bytes() const override { return reads > 0 ? 100 : 0; }
  bool damaged() const override { return checked_ && is_damaged; }
  void Check() override { checked_ = true; }
  BlockIndex* index() override { return &index_; }

  bool is_damaged = false;  // found by Check()
  std::size_t reads = 0;    // of columns, slots apart

 private:
  std::span<const Record> records_;
  RecordsView view_;
  FakeTemplates templates_;
  FakeIndex index_;
  std::vector<std::string_view> partial_;
  bool checked_ = false;
};

}  // namespace cistern
