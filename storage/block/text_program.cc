#include "storage/block/text_program.h"

#include <algorithm>
#include <cstring>

#include "storage/block/number_pattern.h"
#include "storage/block/short_copy.h"

namespace cistern {
namespace {

// Literals up to this length are copied as if they had it.
constexpr std::size_t kShortLiteral = 16;
// Dictionaries with longer values are asked for each.
constexpr std::size_t kMaxRoom = 256;

std::size_t SizeAt(const std::string_view* values, const std::uint32_t* codes, std::size_t position) {
  return values[codes != nullptr ? codes[position] : position].size();
}

}  // namespace

TextProgram::Step& TextProgram::Add(Kind kind, std::size_t room) {
  Step& step = steps_.emplace_back(Step{.kind = kind});
  step.size = static_cast<std::uint32_t>(literal_.size());
  step.literal = literals_.size();
  literals_ += literal_;
  room_ += literal_.size() + room;
  literal_.clear();
  return step;
}

void TextProgram::AddNumbers(std::span<const std::int64_t> numbers, unsigned width) {
  Step& step = Add(Kind::kNumber, kMaxPrinted);
  step.width = static_cast<std::uint8_t>(width);
  step.numbers = numbers.data();
}

void TextProgram::AddValues(const StringColumn& values) {
  const auto shorter = [](std::string_view a, std::string_view b) { return a.size() < b.size(); };
  const bool coded = !values.codes.empty();
  const std::size_t longest =
      coded ? std::max_element(values.values.begin(), values.values.end(), shorter)->size() : SIZE_MAX;
  if (longest > kMaxRoom) varying_.push_back(steps_.size());
  Step& step = Add(coded ? Kind::kCoded : Kind::kPlain, longest > kMaxRoom ? 0 : longest);
  step.values = values.values.data();
  step.codes = coded ? values.codes.data() : nullptr;
}

void TextProgram::AddHex(const HexPattern& pattern, std::string_view octets) {
  Step& step = Add(Kind::kHex, pattern.text.size());
  step.hex = &pattern;
  step.octets = octets;
}

void TextProgram::Finish() {
  Add(Kind::kEnd, kShortLiteral);
  literals_.append(kShortLiteral, '\0');
  finished_ = true;
}

std::size_t TextProgram::Room(std::size_t position) const {
  std::size_t room = room_;
  for (const std::size_t i : varying_) room += SizeAt(steps_[i].values, steps_[i].codes, position);
  return room;
}

char* TextProgram::Print(std::size_t position, char* to) const {
  const char* const literals = literals_.data();
  for (const Step* step = steps_.data();; ++step) {
    std::memcpy(to, literals + step->literal, kShortLiteral);
    if (step->size > kShortLiteral) {
      std::memcpy(to + kShortLiteral, literals + step->literal + kShortLiteral, step->size - kShortLiteral);
    }
    to += step->size;
    switch (step->kind) {
      case Kind::kEnd:
        return to;
      case Kind::kNumber:
        to = PrintNumber(step->numbers[position], step->width, to);
        break;
      case Kind::kCoded:
        to = CopyShort(step->values[step->codes[position]], to);
        break;
      case Kind::kPlain:
        to = CopyShort(step->values[position], to);
        break;
      case Kind::kHex:
        to = PrintHex(*step->hex, step->octets, position, to);
        break;
    }
  }
}

}  // namespace cistern
