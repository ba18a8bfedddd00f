// Writes a column of texts as templates: a directory, the template of each row, and frames of slot values.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "storage/block/code_order.h"
#include "storage/block/frames.h"
#include "storage/block/slot_writer.h"
#include "storage/block/template_text.h"

namespace cistern {

class TextColumnWriter {
 public:
  // What else is to know a template: see IndexBuilder::AddTemplate().
  using Listener = std::function<void(std::span<const std::string_view> pieces, std::uint32_t rows,
                                      std::span<const StringColumn> slots)>;

  explicit TextColumnWriter(Compressor& compressor) : compressor_(compressor), slots_(frames_, compressor) {}

  void Clear();
  // `text` must stay valid until Clear().
  void Add(std::string_view text) { texts_.Add(text); }
  // After the last Add(), of which there was at least one. Replaces `directory`.
  void Finish(const Listener& listener, ByteBuffer& directory);
  // After Finish().
  std::span<const std::uint16_t> template_of_row() const { return texts_.template_of_row(); }
  const CodeOrder& order() const { return order_; }
  std::size_t templates() const { return texts_.templates().size(); }
  std::string_view frames() const { return frames_.frames(); }

 private:
  struct Distinct {
    std::vector<std::string_view> values;
    std::vector<std::uint32_t> codes;
  };
  void PutTemplate(std::size_t number, const Listener& listener);
  StringColumn Keep(const StringColumn& column, Distinct& distinct);

  Compressor& compressor_;
  TemplateText texts_;
  CodeOrder order_;
  FrameWriter frames_;
  SlotWriter slots_;
  ByteBuffer descriptions_;
  std::vector<Distinct> distinct_;
  std::vector<StringColumn> columns_;
};

}  // namespace cistern
