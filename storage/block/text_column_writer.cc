#include "storage/block/text_column_writer.h"

namespace cistern {

void TextColumnWriter::Clear() {
  texts_.Clear();
  frames_.Clear();
  descriptions_.Clear();
}

void TextColumnWriter::Finish(const Listener& listener, ByteBuffer& directory) {
  texts_.Finish();
  order_.Sort(texts_.template_of_row(), texts_.templates().size());
  for (std::size_t i = 0; i < texts_.templates().size(); ++i) PutTemplate(i, listener);
  directory.Clear();
  frames_.Finish(compressor_, directory);
  directory.PutVarint(texts_.templates().size());
  directory.PutBytes(descriptions_.view());
}

void TextColumnWriter::PutTemplate(std::size_t number, const Listener& listener) {
  const TemplateText::Template& text = texts_.templates()[number];
  descriptions_.PutVarint(text.rows);
  descriptions_.PutVarint(text.slots.size());
  for (const std::string_view piece : text.pieces) {
    descriptions_.PutVarint(piece.size());
    descriptions_.PutBytes(piece);
  }
  slots_.BeginTemplate();
  if (distinct_.size() < text.slots.size()) distinct_.resize(text.slots.size());
  columns_.clear();
  for (std::size_t i = 0; i < text.slots.size() && text.rows != 0; ++i)
    columns_.push_back(Keep(slots_.Write(text.slots[i], order_.RowsOf(number), descriptions_), distinct_[i]));
  columns_.resize(text.slots.size());
  listener(text.pieces, text.rows, columns_);
}

// Values that were named once must outlive the next slot.
StringColumn TextColumnWriter::Keep(const StringColumn& column, Distinct& distinct) {
  if (column.codes.empty()) return column;
  distinct.values.assign(column.values.begin(), column.values.end());
  distinct.codes.assign(column.codes.begin(), column.codes.end());
  return {distinct.values, distinct.codes};
}

}  // namespace cistern
