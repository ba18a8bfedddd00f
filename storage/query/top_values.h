// Counts the values of one field, in bounded memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/query/query.h"

namespace cistern::query {

class TopValues {
 public:
  // Different values that are counted exactly; the rest goes to `other`.
  static constexpr std::size_t kMaxDistinct = 1'000'000;

  explicit TopValues(const FieldRef& field) : field_(field) {}
  void Add(BatchView& view, const std::vector<std::uint32_t>& rows);
  // All rows of a block; false when its index does not list the field's values.
  bool AddAll(BlockIndex& index);
  // Decodes what Add() will read.
  void Touch(BatchView& view) const;
  // Fills top, distinct, without_value and other.
  void Finish(std::uint64_t limit, AggregateResult& result);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  void Count(std::string_view value, std::uint64_t records);
  // False when there are none.
  bool AddListed(std::span<const CountedInt> values);
  bool AddListed(std::span<const CountedString> values);
  // Whether the field is a column of `view` with codes; then each different value is looked up once.
  bool AddCodes(BatchView& view, const std::vector<std::uint32_t>& rows);

  const FieldRef& field_;
  std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>> counts_;
  std::vector<std::uint64_t> by_code_;
  std::uint64_t other_ = 0, without_value_ = 0;
};

}  // namespace cistern::query
