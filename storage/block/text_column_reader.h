// Reads a column of texts that TextColumnWriter wrote; slots are decoded when first needed.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/batch_view.h"
#include "storage/block/code_order.h"
#include "storage/block/code_ranks.h"
#include "storage/block/frames.h"
#include "storage/block/slot_reader.h"

namespace cistern {

class TextColumnReader final : public TemplateColumn {
 public:
  // `directory` and `frames` must outlive the reader; `arena` gets what is put together.
  TextColumnReader(std::string_view directory, FrameSource& frames, Arena& arena);

  // `template_of_row`: one a row. False when the directory is malformed or does not fit the rows.
  // They must outlive the reader.
  bool Open(std::span<const std::uint16_t> template_of_row);

  std::size_t templates() const override { return templates_.size(); }
  std::span<const std::uint16_t> template_of() override { return template_of_; }
  std::span<const std::uint32_t> position_of() override { return Sorted().positions(); }
  std::span<const std::string_view> Pieces(std::size_t number) override { return templates_[number].pieces; }
  StringColumn Slot(std::size_t number, std::size_t slot) override;

  // One text, in the arena. Empty when it cannot be read. Decodes the slots of its template.
  std::string_view Text(std::size_t row);
  // The same for a few texts here and there: only what they need is decoded.
  std::string_view FewText(std::size_t row);
  // All rows, by template: the order in which many are read fastest.
  std::span<const std::uint32_t> RowsByTemplate() { return Sorted().rows(); }
  // Whether something turned out to be unreadable.
  bool damaged() const { return damaged_; }

 private:
  struct Template {
    std::vector<std::string_view> pieces;
    std::vector<std::unique_ptr<SlotReader>> slots;
    std::uint32_t rows = 0;
    std::uint32_t asked = 0;  // texts that were put together without what follows
    TextProgram program;      // once something was loaded
    enum class State : std::uint8_t { kAsNeeded, kLoaded, kDamaged } state = State::kAsNeeded;
  };
  bool ReadTemplate(ByteReader& in, Template& text);
  void MakeProgram(Template& text);
  char* Allocate(std::size_t room);
  const CodeOrder& Sorted();
  std::string_view Damaged(Template& text);
  bool Load(std::size_t number, std::size_t begin, std::size_t end);

  ByteReader in_;
  FrameReader frames_;
  Arena& arena_;
  std::vector<Template> templates_;
  std::span<const std::uint16_t> template_of_;
  CodeRanks<std::uint16_t> ranks_;
  bool sorted_ = false;
  CodeOrder order_;  // once it is sorted
  std::string few_text_;
  std::vector<std::uint32_t> zeros_;
  char* free_ = nullptr;  // room in the arena that was not used
  char* free_end_ = nullptr;
  std::uint64_t octets_ = 0;  // put together so far
  bool damaged_ = false;
};

}  // namespace cistern
