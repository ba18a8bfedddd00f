#include "service/door/hpack.h"

#include <cstddef>
#include <cstdint>

namespace cistern {
namespace {

constexpr int kMostContinuations = 4;

// Takes octets from the front of a block; after a failure it gives only zeros.
class FieldReader {
 public:
  explicit FieldReader(std::string_view block) : rest_(block) {}
  bool at_end() const { return rest_.empty(); }
  bool failed() const { return failed_; }

  // Section 6: what it is stands in the first bits.
  void SkipField() {
    const auto first = static_cast<std::uint8_t>(rest_.front());
    if ((first & 0x80) != 0) {  // indexed
      ReadInteger(7);
    } else if ((first & 0xe0) == 0x20) {  // size of the table
      ReadInteger(5);
    } else {  // literal: a name by its index, or in full
      if (ReadInteger((first & 0x40) != 0 ? 6 : 4) == 0) SkipText();
      SkipText();
    }
  }

 private:
  // Section 5.1.
  std::size_t ReadInteger(int prefix) {
    if (rest_.empty()) return Fail();
    const std::size_t mask = (std::size_t{1} << prefix) - 1;
    std::size_t value = Take() & mask;
    if (value < mask) return value;
    for (int i = 0; i < kMostContinuations && !rest_.empty(); ++i) {
      const std::size_t octet = Take();
      value += (octet & 0x7f) << (7 * i);
      if ((octet & 0x80) == 0) return value;
    }
    return Fail();
  }
  // Section 5.2, Huffman coded or not.
  void SkipText() {
    const std::size_t size = ReadInteger(7);
    if (size > rest_.size()) {
      Fail();
      return;
    }
    rest_.remove_prefix(size);
  }
  std::size_t Take() {
    const auto octet = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return octet;
  }
  std::size_t Fail() {
    failed_ = true;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace

bool IsWholeFieldBlock(std::string_view block) {
  FieldReader reader(block);
  while (!reader.at_end()) reader.SkipField();
  return !reader.failed();
}

std::string HpackField(std::string_view name, std::string_view value) {
  std::string out(1, '\x10');
  for (const std::string_view text : {name, value}) {
    out += static_cast<char>(text.size());
    out += text;
  }
  return out;
}

}  // namespace cistern
