// Opens any octets as the index of a block and as its chunks, and asks it everything; what cannot be read
// must be refused or may hold everything, never overrun. The build skips checksums, so mutations of good
// octets reach the decoders. Input: two octets length of the index, the index, then what every chunk reads
// as.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "storage/block/sealed_block.h"

namespace {

using cistern::Column;

void Require(bool holds) {
  if (!holds) std::abort();
}

// Touches every octet, so that the address sanitizer sees views that leave the index.
std::size_t Sum(std::string_view text) {
  std::size_t sum = 0;
  for (const char c : text) sum += static_cast<unsigned char>(c);
  return sum;
}

std::size_t AskColumns(cistern::BlockIndex& index) {
  std::size_t sum = index.records();
  for (int i = static_cast<int>(Column::kId); i <= static_cast<int>(Column::kPeer); ++i) {
    const auto column = static_cast<Column>(i);
    sum += index.IntRange(column).has_value() + index.IntValues(column).size();
    sum += index.MayHoldValue(column, "value") + index.MayHoldValue(column, "");
    if (const auto values = index.StringValues(column))
      for (const cistern::CountedString& value : *values) sum += Sum(value.value) + value.rows;
  }
  return sum;
}

std::size_t AskTemplates(cistern::BlockIndex& index) {
  std::size_t sum = 0;
  std::uint64_t rows = 0;
  for (const cistern::TextTemplate& text : index.Templates()) {
    Require(text.pieces.size() == text.slots.size() + 1);
    for (const std::string_view piece : text.pieces) sum += Sum(piece);
    for (const cistern::SlotStamp& stamp : text.slots) {
      sum += stamp.classes + stamp.min_length + stamp.max_word;
      for (const std::string_view value : stamp.values) sum += Sum(value);
    }
    rows += text.rows;
  }
  Require(rows == index.records());
  return sum;
}

std::size_t AskWords(cistern::BlockIndex& index) {
  std::size_t sum = 0;
  for (int i = 0; i < 100'000; i += 997) {
    sum += index.MayHoldWord(std::to_string(i)) + index.MayHoldWord("a" + std::to_string(i));
    sum += index.MayHoldWord(std::string(1, static_cast<char>('a' + i % 26)));
    sum += index.MayHoldAddress("10.0." + std::to_string(i % 256) + ".1");
  }
  return sum + index.MayHoldWord("") + index.MayHoldWord("9999999999999999");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.size() < 2) return 0;
  const std::size_t length = data[0] | std::size_t{data[1]} << 8;
  input.remove_prefix(2);
  const std::string chunk(input.size() > length ? input.substr(length) : std::string_view{});
  (void)cistern::CheckChunk(chunk);
  // A chunk says which one it is: the same octets are asked as each of them.
  const auto index = cistern::OpenBlockIndex(std::make_shared<const std::string>(input.substr(0, length)),
                                             [&](std::size_t number) {
                                               std::string octets = chunk;
                                               if (octets.size() > 17) octets[17] = static_cast<char>(number);
                                               return std::optional(octets);
                                             });
  if (!index) return 0;
  volatile std::size_t sink = AskColumns(**index) + AskTemplates(**index) + AskWords(**index);
  (void)sink;
  return 0;
}
