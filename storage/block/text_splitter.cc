#include "storage/block/text_splitter.h"

#include <algorithm>
#include <cstring>

#include "storage/words.h"

namespace cistern {
namespace {

constexpr std::size_t kSlack = 64;

constexpr bool IsJoiner(char c) { return c == '.' || c == ':' || c == '-' || c == '/' || c == '@'; }
constexpr bool IsHexLetter(char c) { return FoldByte(c) >= 'a' && FoldByte(c) <= 'f'; }

}  // namespace

TextSplitter::TextSplitter() : text_(kMaxSplitOctets + kSlack), form_(kMaxSplitOctets + kMaxSlots + kSlack) {}
TextSplitter::~TextSplitter() = default;

void TextSplitter::Split(std::string_view text) {
  if (!text.empty()) std::memcpy(text_.data(), text.data(), text.size());
  Classify(text_.data(), text.size(), classes_);
  FindSlots(text.size());
  MakeForm(text.size());
}

void TextSplitter::FindSlots(std::size_t size) {
  count_ = 0;
  std::size_t at = 0;  // behind the last slot; no word goes on here
  while ((at = classes_.events.NextIn(at, size)) < size) {
    SlotRange& slot = slots_[count_];
    if (text_[at] == '=') {
      ++at;
      if (!ValueAt(at, size, slot)) continue;
    } else {
      const std::size_t floor = count_ == 0 ? 0 : slots_[count_ - 1].end;
      slot.begin = static_cast<std::uint16_t>(SlotBegin(classes_.word.RunStart(at), floor));
      slot.end = static_cast<std::uint16_t>(SlotEnd(classes_.word.NextOut(at), size));
    }
    if (++count_ == kMaxSlots) slot.end = static_cast<std::uint16_t>(size);
    at = slot.end;
  }
}

// Takes in the digit words that follow, each behind a single joiner. Groups of hex letters between colons or
// hyphens count as such, or addresses and UUIDs would fall apart wherever a group happens to have no digit.
std::size_t TextSplitter::SlotEnd(std::size_t end, std::size_t size) const {
  while (end + 1 < size && IsJoiner(text_[end]) && classes_.word.Has(end + 1)) {
    const std::size_t next = classes_.word.NextOut(end + 1);
    const bool hex = (text_[end] == ':' || text_[end] == '-') && IsHexGroup(end + 1, next);
    if (!hex && classes_.digit.NextIn(end + 1, next) >= next) break;
    end = next;
  }
  return end;
}

std::size_t TextSplitter::SlotBegin(std::size_t begin, std::size_t floor) const {
  while (begin >= floor + 2 && text_[begin - 1] == ':' && classes_.word.Has(begin - 2)) {
    const std::size_t before = classes_.word.RunStart(begin - 1);
    if (!IsHexGroup(before, begin - 1)) break;
    begin = before;
  }
  return begin;
}

bool TextSplitter::IsHexGroup(std::size_t begin, std::size_t end) const {
  return (end - begin == 2 || end - begin == 4) &&
         std::all_of(text_.begin() + static_cast<std::ptrdiff_t>(begin),
                     text_.begin() + static_cast<std::ptrdiff_t>(end), IsHexLetter);
}

// The value that starts at `at`, behind `=`, perhaps in quotes or brackets. Quoted text of several words is
// none.
bool TextSplitter::ValueAt(std::size_t at, std::size_t size, SlotRange& slot) const {
  char quote = 0;
  if (at < size && (text_[at] == '"' || text_[at] == '\'')) quote = text_[at++];
  if (at < size && text_[at] == '<') ++at;
  const std::size_t end = classes_.value.NextOut(at);
  const std::size_t begin = classes_.word.NextIn(at, end);
  if (begin >= end || (quote != 0 && (end >= size || text_[end] != quote))) return false;
  std::size_t last = end;
  while (!classes_.word.Has(last - 1)) --last;
  slot = {static_cast<std::uint16_t>(begin), static_cast<std::uint16_t>(last)};
  return true;
}

// Copies pieces sixteen octets at a time, as both buffers have room behind their ends.
void TextSplitter::MakeForm(std::size_t size) {
  char* to = form_.data();
  std::size_t at = 0;
  const auto copy = [&](std::size_t end) {
    for (std::size_t i = at; i < end; i += 16) std::memcpy(to + (i - at), text_.data() + i, 16);
    to += end - at;
  };
  for (const SlotRange& slot : slots()) {
    copy(slot.begin);
    *to++ = '0';
    at = slot.end;
  }
  copy(size);
  form_size_ = static_cast<std::size_t>(to - form_.data());
}

}  // namespace cistern
