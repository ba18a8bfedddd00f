#include "storage/filter/literal_finder.h"

#include <cstring>

#include "storage/words.h"

namespace cistern {
namespace {

// Bytes of log text, most frequent first (measured roughly; only the order matters).
constexpr std::string_view kFrequent = " eotairnsdlc0123.:-456789up=mhf/gb[]y_v,\"kw()x@;zjq";

std::size_t Rarity(char folded) {
  const std::size_t at = kFrequent.find(folded);
  return at == std::string_view::npos ? kFrequent.size() : at;
}

using Lanes = std::uint8_t __attribute__((vector_size(16)));

Lanes Load(const char* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

bool Any(const Lanes& lanes) {
  std::uint64_t halves[2];
  std::memcpy(halves, &lanes, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

}  // namespace

LiteralFinder::LiteralFinder(std::string_view literal) : folded_(Folded(literal)) {
  std::size_t first = 0;
  for (std::size_t i = 1; i < folded_.size(); ++i) {
    if (Rarity(folded_[i]) > Rarity(folded_[first])) first = i;
  }
  std::size_t second = first == 0 ? folded_.size() - 1 : 0;
  for (std::size_t i = 0; i < folded_.size(); ++i) {
    if (i != first && Rarity(folded_[i]) > Rarity(folded_[second])) second = i;
  }
  first_ = ProbeAt(first);
  second_ = ProbeAt(second);
}

LiteralFinder::Probe LiteralFinder::ProbeAt(std::size_t offset) const {
  const char c = folded_[offset];
  const bool letter = c >= 'a' && c <= 'z';
  return {offset, static_cast<std::uint8_t>(letter ? 0x20 : 0), static_cast<std::uint8_t>(c)};
}

std::size_t LiteralFinder::Find(std::string_view text, std::size_t from) const {
  if (text.size() < folded_.size()) return std::string_view::npos;
  const std::size_t end = text.size() - folded_.size() + 1;  // one behind the last possible start
  std::size_t i = from;
  for (; i + sizeof(Lanes) <= end; i += sizeof(Lanes)) {
    const Lanes a = (Load(text.data() + i + first_.offset) | first_.mask) == first_.want;
    const Lanes b = (Load(text.data() + i + second_.offset) | second_.mask) == second_.want;
    const Lanes hits = a & b;
    if (!Any(hits)) continue;
    for (std::size_t k = 0; k < sizeof(Lanes); ++k) {
      if (hits[k] && FoldedAt(text, i + k, folded_)) return i + k;
    }
  }
  for (; i < end; ++i) {
    if (FoldByte(text[i + first_.offset]) == folded_[first_.offset] && FoldedAt(text, i, folded_)) return i;
  }
  return std::string_view::npos;
}

}  // namespace cistern
