// How the texts of one template are put together: literals and values in turn, ready to be printed one text
// after the other.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/batch_view.h"
#include "storage/block/hex_pattern.h"

namespace cistern {

class TextProgram {
 public:
  // The steps, in order. What is handed over must outlive the program; literals are copied.
  void AddLiteral(std::string_view literal) { literal_.append(literal); }
  void AddNumbers(std::span<const std::int64_t> numbers, unsigned width);
  // By position. Values that are codes' are known now, others may come to be known until their text is asked
  // for.
  void AddValues(const StringColumn& values);
  void AddHex(const HexPattern& pattern, std::string_view octets);
  // After the last step.
  void Finish();
  bool finished() const { return finished_; }

  // Octets that the text at `position` takes at most; Print() may write so many, too.
  std::size_t Room(std::size_t position) const;
  // Puts the text at `to` and returns its end.
  char* Print(std::size_t position, char* to) const;

 private:
  enum class Kind : std::uint8_t { kEnd, kNumber, kCoded, kPlain, kHex };
  // A literal, and the value behind it.
  struct Step {
    Kind kind{};
    std::uint8_t width = 0;
    std::uint32_t size = 0;   // of the literal
    std::size_t literal = 0;  // in literals_
    const std::int64_t* numbers = nullptr;
    const std::string_view* values = nullptr;
    const std::uint32_t* codes = nullptr;
    const HexPattern* hex = nullptr;
    std::string_view octets;
  };
  Step& Add(Kind kind, std::size_t room);

  std::string literal_;   // since the last value
  std::string literals_;  // of all steps; some octets more
  std::vector<Step> steps_;
  std::vector<std::size_t> varying_;  // steps whose values are asked for their size
  std::size_t room_ = 0;              // of all others
  bool finished_ = false;
};

}  // namespace cistern
