#include "storage/block/text_column_reader.h"

#include <algorithm>

#include "storage/block/header.h"
#include "storage/block/short_copy.h"
#include "storage/block/slot_writer.h"
#include "storage/block/template_text.h"

namespace cistern {
namespace {

constexpr std::uint64_t kMaxTemplateSlots = 128;
constexpr std::string_view kNothing[] = {{}};

}  // namespace

TextColumnReader::TextColumnReader(std::string_view directory, FrameSource& frames, Arena& arena)
    : in_(directory), frames_(frames), arena_(arena) {}

bool TextColumnReader::ReadTemplate(ByteReader& in, Template& text) {
  text.rows = static_cast<std::uint32_t>(std::min<std::uint64_t>(in.Varint(), UINT32_MAX));
  const std::uint64_t slots = in.Varint();
  if (slots > kMaxTemplateSlots) return false;
  for (std::uint64_t i = 0; i <= slots; ++i) text.pieces.push_back(in.Bytes(in.Varint()));
  if (!in.ok() || text.rows > template_of_.size()) return false;
  std::size_t numbers = 0;
  for (std::uint64_t i = 0; i < slots && text.rows != 0; ++i) {
    text.slots.push_back(ReadSlot(in, text.rows, frames_));
    if (text.slots.back() == nullptr) return false;
    numbers += text.slots.back()->numbers();
  }
  return numbers <= kMaxTemplateNumbers;
}

bool TextColumnReader::Open(std::span<const std::int64_t> template_of_row) {
  template_of_.assign(template_of_row.begin(), template_of_row.end());
  if (!frames_.Open(in_)) return false;
  const std::uint64_t count = in_.Varint();
  if (count > kMaxTemplates) return false;
  for (std::uint64_t i = 0; i < count; ++i)
    if (!ReadTemplate(in_, templates_.emplace_back())) return false;
  const auto known = [&](std::int64_t number) { return static_cast<std::uint64_t>(number) < count; };
  if (in_.left() != 0 || !std::all_of(template_of_row.begin(), template_of_row.end(), known)) return false;
  order_.Sort(std::span<const std::uint16_t>(template_of_), templates_.size());
  for (std::size_t i = 0; i < templates_.size(); ++i)
    if (order_.RowsOf(i).size() != templates_[i].rows) return false;
  return true;
}

bool TextColumnReader::Load(std::size_t number, std::size_t begin, std::size_t end) {
  Template& text = templates_[number];
  if (text.state != Template::State::kAsNeeded) return text.state == Template::State::kLoaded;
  for (const std::unique_ptr<SlotReader>& slot : text.slots) {
    if (slot->Load(frames_, order_.RowsOf(number), begin, end)) continue;
    text.state = Template::State::kDamaged;
    damaged_ = true;
    return false;
  }
  if (text.parts.empty()) MakeParts(text);
  if (begin == 0 && end == text.rows) text.state = Template::State::kLoaded;
  return true;
}

void TextColumnReader::MakeParts(Template& text) {
  std::string literal(text.pieces[0]);
  std::size_t literals = 0;
  for (std::size_t i = 0; i < text.slots.size(); ++i) {
    SlotReader* const slot = text.slots[i].get();
    if (const std::string_view* constant = slot->constant()) {
      literal.append(*constant).append(text.pieces[i + 1]);
      continue;
    }
    text.parts.push_back({arena_.Copy(literal), slot});
    literals += literal.size();
    text.room += slot->room();
    if (slot->room() == 0) text.varying.push_back(slot);
    literal = text.pieces[i + 1];
  }
  text.parts.push_back({arena_.Copy(literal), nullptr});
  text.room += literals + literal.size();
}

StringColumn TextColumnReader::Slot(std::size_t number, std::size_t slot) {
  Template& text = templates_[number];
  if (text.slots.empty()) return {};
  if (text.state != Template::State::kDamaged &&
      text.slots[slot]->Load(frames_, order_.RowsOf(number), 0, text.rows))
    return text.slots[slot]->Column(arena_);
  damaged_ = true;
  text.state = Template::State::kDamaged;
  zeros_.resize(template_of_.size());
  return {kNothing, std::span(zeros_).first(text.rows)};
}

std::string_view TextColumnReader::Text(std::size_t row) {
  const std::size_t number = template_of_[row], position = order_.positions()[row];
  // Free text comes in chunks; of others everything is small.
  const bool loaded =
      number == 0 ? Load(0, position, position + 1) : Load(number, 0, templates_[number].rows);
  if (!loaded) return {};
  const Template& text = templates_[number];
  std::size_t room = text.room;
  for (const SlotReader* slot : text.varying) room += slot->MaxSize(position);
  if (octets_ + room > kMaxColumnBytes) {  // no block holds so much: it claims to
    damaged_ = true;
    return {};
  }
  char* const start = arena_.Allocate(room);
  char* to = start;
  for (const Part& part : text.parts) {
    to = CopyShort(part.literal, to);
    if (part.slot != nullptr) to = part.slot->Put(position, to);
  }
  const auto size = static_cast<std::size_t>(to - start);
  arena_.Shrink(start, room, size);
  octets_ += size;
  return {start, size};
}

}  // namespace cistern
