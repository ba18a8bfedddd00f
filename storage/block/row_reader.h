// Single rows of a version 2 blob: values are read where they lie, and columns are neither decoded nor put in
// order for the sake of a few rows.
//
// Threads: one at a time. Everything returned lives as long as the reader and `columns`.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "storage/block/blob_reader.h"
#include "storage/block/code_ranks.h"
#include "storage/block/column_set_reader.h"
#include "storage/block/stored_ints.h"
#include "storage/block/string_codec.h"
#include "storage/block/time_codec.h"

namespace cistern {

class RowReader {
 public:
  // What can be read only as a whole comes from `columns`, which reads the same blob.
  RowReader(BlobReader& blob, ColumnSetReader& columns);

  std::int64_t Int(ColumnId id, std::size_t row);
  // kNoTime when there is none.
  std::int64_t Time(std::size_t row);
  std::string_view String(ColumnId id, std::size_t row);
  // Whether something turned out to be unreadable here; it then reads as 0 or empty.
  bool damaged() const { return damaged_; }

 private:
  // How the values of a column are read.
  enum class How : std::uint8_t { kNotOpened, kNothing, kOneByOne, kWhole };
  struct IntColumn {
    How how = How::kNotOpened;
    RowOrder order{};
    StoredInts values;
  };
  struct TextColumn {
    How how = How::kNotOpened;
    RowOrder order{};
    bool in_templates = false;
    StoredDictionary values;
  };
  struct Order {
    How how = How::kNotOpened;
    std::size_t asked = 0, last_row = SIZE_MAX, last_place = 0;
    std::vector<std::uint32_t> places;  // of all rows, once they were counted
  };

  How Open(ColumnId id, IntColumn& column);
  How Open(ColumnId id, TextColumn& column);
  How OpenTimes();
  How OpenOrder(RowOrder order);
  std::size_t PlaceOf(RowOrder order, std::size_t row);
  std::size_t CountPlace(RowOrder order, std::size_t row);
  std::vector<std::uint32_t> CountPlaces(RowOrder order) const;
  // Codes of the rows that sort as the orders do; empty, or false, when they are not to be had cheaply.
  std::span<const std::uint16_t> Shapes();
  bool ReadShapes();
  bool ReadOrigins();
  bool CodesOf(ColumnId id, std::vector<std::uint16_t>& codes, std::uint64_t& distinct);
  template <class Value>
  bool InRowOrder(RowOrder order, std::vector<Value>& values);
  template <class Value>
  Value Damaged(Value value) {
    damaged_ = true;
    return value;
  }

  BlobReader& blob_;
  ColumnSetReader& columns_;
  const std::size_t rows_;
  bool damaged_ = false;
  std::array<IntColumn, kColumnIdEnd> ints_;
  std::array<TextColumn, kColumnIdEnd> texts_;
  How times_how_ = How::kNotOpened;
  StoredTimes times_;
  std::array<Order, 4> orders_;
  std::vector<std::uint16_t> shapes_;  // ranks, below shape_count_
  std::uint64_t shape_count_ = 1, origin_count_ = 1;
  std::vector<std::uint32_t> origins_;
  CodeRanks<std::uint16_t> by_template_, by_shape_;
  CodeRanks<std::uint32_t> by_origin_;
};

}  // namespace cistern
