#include "storage/block/text_column_reader.h"

#include <algorithm>
#include <ranges>

#include "storage/block/header.h"
#include "storage/block/slot_writer.h"
#include "storage/block/template_text.h"

namespace cistern {
namespace {

constexpr std::uint64_t kMaxTemplateSlots = 128;
constexpr std::string_view kNothing[] = {{}};
// Texts are put into pieces of the arena of this size, or larger when need be.
constexpr std::size_t kRoomBytes = 16 << 10;
// So many texts of a template are read one by one before all its slots are decoded.
constexpr std::uint32_t kFewTexts = 16;

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

bool TextColumnReader::Open(std::span<const std::uint16_t> template_of_row) {
  template_of_ = template_of_row;
  ranks_.Set(template_of_row);
  if (!frames_.Open(in_)) return false;
  const std::uint64_t count = in_.Varint();
  if (count > kMaxTemplates) return false;
  for (std::uint64_t i = 0; i < count; ++i)
    if (!ReadTemplate(in_, templates_.emplace_back())) return false;
  std::vector<std::uint32_t> rows(kMaxTemplates);
  for (const std::uint16_t number : template_of_row) ++rows[number];
  if (in_.left() != 0) return false;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i] != (i < templates_.size() ? templates_[i].rows : 0)) return false;
  return true;
}

const CodeOrder& TextColumnReader::Sorted() {
  if (!sorted_) order_.SortByCounts(template_of_, std::views::transform(templates_, &Template::rows));
  sorted_ = true;
  return order_;
}

bool TextColumnReader::Load(std::size_t number, std::size_t begin, std::size_t end) {
  Template& text = templates_[number];
  if (text.state != Template::State::kAsNeeded) return text.state == Template::State::kLoaded;
  for (const std::unique_ptr<SlotReader>& slot : text.slots) {
    if (slot->Load(frames_, Sorted().RowsOf(number), begin, end)) continue;
    text.state = Template::State::kDamaged;
    damaged_ = true;
    return false;
  }
  if (!text.program.finished()) MakeProgram(text);
  if (begin == 0 && end == text.rows) text.state = Template::State::kLoaded;
  return true;
}

void TextColumnReader::MakeProgram(Template& text) {
  text.program.AddLiteral(text.pieces[0]);
  for (std::size_t i = 0; i < text.slots.size(); ++i) {
    text.slots[i]->AddTo(text.program);
    text.program.AddLiteral(text.pieces[i + 1]);
  }
  text.program.Finish();
}

char* TextColumnReader::Allocate(std::size_t room) {
  if (static_cast<std::size_t>(free_end_ - free_) < room) {
    const std::size_t taken = std::max(room, kRoomBytes);
    free_ = arena_.Allocate(taken);
    free_end_ = free_ + taken;
  }
  return free_;
}

StringColumn TextColumnReader::Slot(std::size_t number, std::size_t slot) {
  Template& text = templates_[number];
  if (text.slots.empty()) return {};
  if (text.state != Template::State::kDamaged &&
      text.slots[slot]->Load(frames_, Sorted().RowsOf(number), 0, text.rows))
    return text.slots[slot]->Column(arena_);
  damaged_ = true;
  text.state = Template::State::kDamaged;
  zeros_.resize(template_of_.size());
  return {kNothing, std::span(zeros_).first(text.rows)};
}

std::string_view TextColumnReader::Damaged(Template& text) {
  text.state = Template::State::kDamaged;
  damaged_ = true;
  return {};
}

// Reads what this text needs, and nothing else of its template.
std::string_view TextColumnReader::FewText(std::size_t row) {
  Template& text = templates_[template_of_[row]];
  if (text.program.finished() || text.state != Template::State::kAsNeeded || text.asked == kFewTexts)
    return Text(row);
  ++text.asked;
  const std::size_t position = sorted_ ? order_.positions()[row] : ranks_.Position(row);
  few_text_ = text.pieces[0];
  for (std::size_t i = 0; i < text.slots.size(); ++i) {
    const SlotReader::Place place{position, static_cast<std::uint32_t>(row)};
    if (!text.slots[i]->Append(frames_, place, few_text_)) return Damaged(text);
    few_text_.append(text.pieces[i + 1]);
  }
  if (octets_ + few_text_.size() > kMaxColumnBytes) return Damaged(text);
  octets_ += few_text_.size();
  return arena_.Copy(few_text_);
}

std::string_view TextColumnReader::Text(std::size_t row) {
  const std::size_t number = template_of_[row];
  Template& kept = templates_[number];
  const std::size_t position = Sorted().positions()[row];
  // Free text comes in chunks; of others everything is small.
  const bool loaded =
      number == 0 ? Load(0, position, position + 1) : Load(number, 0, templates_[number].rows);
  if (!loaded) return {};
  const TextProgram& program = kept.program;
  const std::size_t room = program.Room(position);
  if (octets_ + room > kMaxColumnBytes) {  // no block holds so much: it claims to
    damaged_ = true;
    return {};
  }
  char* const start = Allocate(room);
  free_ = program.Print(position, start);
  const auto size = static_cast<std::size_t>(free_ - start);
  octets_ += size;
  return {start, size};
}

}  // namespace cistern
