// The columns of a blob, decoded when first asked for, each row by row whatever order it is stored in.
//
// Threads: one at a time. Everything returned lives as long as the reader.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "storage/batch_view.h"
#include "storage/block/blob_reader.h"
#include "storage/block/code_order.h"
#include "storage/block/text_column_reader.h"

namespace cistern {

class ColumnSetReader {
 public:
  // `arena` gets the texts that are put together.
  ColumnSetReader(BlobReader& blob, Arena& arena);

  std::size_t rows() const { return rows_; }
  std::span<const std::int64_t> Ints(ColumnId id) {
    const IntColumn& column = ints_[static_cast<std::size_t>(id)];
    return column.ready ? column.values : DecodedInts(id);
  }
  // Message times; kNoTime where there is none.
  std::span<const std::int64_t> Times();
  // All texts of a column. Where they are in templates, every one is put together.
  StringColumn Strings(ColumnId id);
  // Only those of selected rows of [begin, end).
  StringColumn StringsOf(ColumnId id, std::span<const std::uint8_t> selected, std::size_t begin,
                         std::size_t end);
  std::string_view String(ColumnId id, std::size_t row) {
    const TextColumn& column = texts_[static_cast<std::size_t>(id)];
    return column.ready && !column.templates ? column.view()[row] : DecodedString(id, row);
  }
  // One text of a column in templates; `place`: that of the row in the order of the column.
  std::string_view TextAt(ColumnId id, std::size_t row, std::size_t place);
  // Null when the column is not in templates.
  TemplateColumn* Templates(ColumnId id);
  // The numbers in a column of templates; empty when it holds others, or is damaged.
  std::span<const std::uint16_t> TemplateCodes(ColumnId id);
  // The place of each row in an order.
  std::span<const std::uint32_t> PlacesIn(RowOrder order) { return InOrder(order).places; }
  // Whether something turned out to be unreadable; it then reads as 0 or empty.
  bool damaged() const { return damaged_; }

 private:
  struct IntColumn {
    bool ready = false;
    std::vector<std::int64_t> values;
  };
  struct TextColumn {
    bool ready = false;
    std::vector<std::string_view> values;
    std::vector<std::uint32_t> codes;
    StringColumn view() const { return {values, codes}; }
    // In templates: values[row] is put together where done[row] is set. As long as they are few, texts are
    // kept by row.
    std::unique_ptr<FrameSource> frames;
    std::unique_ptr<TextColumnReader> templates;
    RowOrder order = RowOrder::kRow;
    std::vector<std::uint8_t> done;
    std::unordered_map<std::size_t, std::string_view> few;
  };
  struct Order {
    bool ready = false;
    std::vector<std::uint32_t> rows, places;  // the row of each place, the place of each row
  };

  std::span<const std::int64_t> DecodedInts(ColumnId id);
  std::string_view DecodedString(ColumnId id, std::size_t row);
  bool LoadInts(ColumnId id, std::size_t count, std::vector<std::int64_t>& out);
  bool LoadStrings(const ColumnEntry& entry, TextColumn& out);
  bool LoadTemplates(const ColumnEntry& entry, TextColumn& out);
  TextColumn& Texts(ColumnId id);
  void KeepByRow(TextColumn& column);
  void PutTogether(TextColumn& column, std::size_t row, std::size_t place);
  void PutTogether(TextColumn& column, std::size_t row);
  const Order& InOrder(RowOrder order);
  bool MaySort(ColumnId id, RowOrder allowed = RowOrder::kRow) const;
  bool Sort(RowOrder order, std::vector<std::uint32_t>& rows);
  template <class Value>
  void PutInPlace(RowOrder order, std::vector<Value>& values);

  BlobReader& blob_;
  Arena& arena_;
  const std::size_t rows_;
  bool damaged_ = false;
  std::array<IntColumn, kColumnIdEnd> ints_;
  std::array<TextColumn, kColumnIdEnd> texts_;
  std::array<Order, 4> orders_;
  std::array<std::vector<std::uint16_t>, kColumnIdEnd> template_codes_;
  IntColumn times_;
};

}  // namespace cistern
