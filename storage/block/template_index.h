// The templates of a block as its index keeps them: pieces, and what the values of each slot have in common.
// FORMAT.md describes the octets.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "storage/block/bytes.h"
#include "storage/block_index.h"

namespace cistern {

class TemplateIndexWriter {
 public:
  void Clear();
  // Of each slot its values, in any form, and their stamp, of which `values` is found here.
  void Add(std::span<const std::string_view> pieces, std::uint32_t rows, std::span<const StringColumn> slots,
           std::span<const SlotStamp> stamps);
  // Replaces `part`.
  void Finish(ByteBuffer& part) const;

 private:
  void PutStamp(const SlotStamp& stamp);
  void FindFewValues(const StringColumn& column);

  std::uint32_t templates_ = 0;
  ByteBuffer numbers_, octets_;
  std::vector<std::string_view> few_;  // values of the slot at hand
  std::size_t value_octets_ = 0;       // listed so far
};

// Templates as views into the octets they were read from.
class TemplateIndex {
 public:
  // False when damaged: then there are none. `rows` is what those of all templates must add up to.
  bool Read(std::string_view part, std::uint64_t rows);
  std::span<const TextTemplate> templates() const { return templates_; }

 private:
  bool ReadNumbers(ByteReader& in);
  bool ReadOctets(ByteReader& in);

  std::vector<TextTemplate> templates_;
  std::vector<std::uint64_t> lengths_;  // of pieces, then of values, template by template
  std::vector<std::uint32_t> listed_;   // values of each slot
  std::unique_ptr<std::string_view[]> values_;
};

}  // namespace cistern
