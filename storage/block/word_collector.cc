#include "storage/block/word_collector.h"

#include <algorithm>
#include <bit>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "storage/block/decimal.h"
#include "storage/block/word_scan.h"
#include "storage/words.h"

namespace cistern {
namespace {

// Integers below this are collected as bits whatever slot they are in.
constexpr std::uint64_t kSmallIntegers = 65536;
// Larger ones only from slots where they are not much sparser than what a page must hold in the end.
constexpr std::uint64_t kMaxSparseness = 32;
constexpr std::size_t kMinSlotRows = 64;
constexpr std::size_t kMaxPages = 1024;  // half a MiB of scratch
// A page is kept when its integers would take more room in the Bloom filter.
constexpr int kMinPageIntegers = (kPageOctets + sizeof IntegerPage::number) * 8 / kBitsPerWord;
// More words without digits than this do not fit into an index of a few KB.
constexpr std::size_t kMaxIndexWords = 2048;
// The recent values are asked as long as one in four of so many is found there.
constexpr std::size_t kTrialValues = 64;

// Follows numbers that are joined by points.
class AddressWindow {
 public:
  // The last four numbers with the points between, as soon as there are so many; else empty.
  std::string_view Next(std::string_view word, const WordKind& kind) {
    if (!kind.only_digits) {
      run_ = 0;
      return {};
    }
    const bool joined = run_ > 0 && word.data() == end_ + 1 && *end_ == '.';
    run_ = joined ? run_ + 1 : 1;
    begins_[run_ % 4] = word.data();
    end_ = word.data() + word.size();
    if (run_ < 4) return {};
    const char* const begin = begins_[(run_ + 1) % 4];
    return {begin, static_cast<std::size_t>(end_ - begin)};
  }

 private:
  std::size_t run_ = 0;
  const char* begins_[4] = {};
  const char* end_ = nullptr;
};

void NoteLength(std::string_view value, SlotStamp& stamp) {
  const auto length = static_cast<std::uint32_t>(value.size());
  stamp.min_length = std::min(stamp.min_length, length);
  stamp.max_length = std::max(stamp.max_length, length);
}

// The values of a slot lie apart from each other, in the texts.
void Prefetch(std::span<const std::string_view> values, std::size_t i) {
  constexpr std::size_t kAhead = 12;
  if (i + kAhead < values.size()) __builtin_prefetch(values[i + kAhead].data());
}

int CountBits(const IntegerPage& page) {
  int count = 0;
  for (const std::uint64_t bits : page.bits) count += std::popcount(bits);
  return count;
}

}  // namespace

bool WordCollector::RecentValues::Insert(std::string_view value) {
  std::string_view& entry = entries_[XXH3_64bits(value.data(), value.size()) % kEntries];
  if (entry == value && entry.data() != nullptr) return false;
  entry = value;
  return true;
}

void WordCollector::Begin(std::uint64_t seed) {
  seed_ = seed;
  for (auto& keys : keys_) keys.clear();
  for (auto& pages : kept_pages_) pages.clear();
  words_.clear();
  page_of_.clear();
  small_.assign(kSmallIntegers / 64, 0);
  pages_.clear();
  recent_keys_.Clear();
  recent_texts_.assign(std::size_t{1} << kRecentTextBits, RecentText{});
}

SlotStamp WordCollector::AddSlot(const StringColumn& values) {
  const std::size_t rows = values.codes.empty() ? values.values.size() : values.codes.size();
  SlotStamp stamp{
      .classes = 0, .min_length = values.values.empty() ? 0 : UINT32_MAX, .max_length = 0, .max_word = 0};
  Span span;
  const std::size_t integers = ReadIntegers(values.values, span);
  for (const std::string_view value : values.values.first(integers)) NoteLength(value, stamp);
  if (integers > 0) stamp.classes = SlotStamp::kDigit;
  stamp.max_word = stamp.max_length;
  if (integers == values.values.size()) {
    AddIntegers(span, rows);
  } else {
    for (const std::uint64_t value : integers_) AddInteger(value);
    AddTexts(values.values.subspan(integers), stamp);
  }
  return stamp;
}

// Reads values into integers_ up to the first that is none.
std::size_t WordCollector::ReadIntegers(std::span<const std::string_view> values, Span& span) {
  integers_.resize(values.size());
  std::size_t count = 0;
  for (; count < values.size(); ++count) {
    Prefetch(values, count);
    std::uint64_t integer;
    if (!ReadDecimal(values[count], integer)) break;
    span.min = std::min(span.min, integer);
    span.max = std::max(span.max, integer);
    integers_[count] = integer;
  }
  integers_.resize(count);
  return count;
}

void WordCollector::AddIntegers(const Span& span, std::size_t rows) {
  if (span.max >= kSmallIntegers && rows >= kMinSlotRows && AddToPages(span, rows)) return;
  for (const std::uint64_t value : integers_) AddInteger(value);
}

// False when the integers are too far from each other.
bool WordCollector::AddToPages(const Span& span, std::size_t rows) {
  const std::uint64_t first = span.min / IntegerPage::kValues,
                      pages = span.max / IntegerPage::kValues - first + 1;
  if (pages > 1 + rows * kMaxSparseness / IntegerPage::kValues || pages_.size() + pages > kMaxPages)
    return false;
  slot_pages_.clear();
  for (std::uint64_t number = first; number < first + pages; ++number) {
    const auto next = static_cast<std::uint32_t>(pages_.size());
    const std::uint32_t index = page_of_.try_emplace(number, next).first->second;
    if (index == next) pages_.emplace_back().number = number;
    slot_pages_.push_back(index);
  }
  for (const std::uint64_t value : integers_) {
    IntegerPage& page = pages_[slot_pages_[value / IntegerPage::kValues - first]];
    page.bits[value % IntegerPage::kValues / 64] |= std::uint64_t{1} << value % 64;
  }
  return true;
}

void WordCollector::AddInteger(std::uint64_t value) {
  if (value < kSmallIntegers) {
    small_[value / 64] |= std::uint64_t{1} << value % 64;
  } else {
    AddKey(KeyOfInteger(value, seed_));
  }
}

void WordCollector::AddTexts(std::span<const std::string_view> values, SlotStamp& stamp) {
  recent_values_.Clear();
  std::string_view last;
  std::size_t asked = 0, found = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    Prefetch(values, i);
    const std::string_view value = values[i];
    NoteLength(value, stamp);
    if (value.size() <= ShortText::kMaxSize) {
      const RecentText& text = AddShort(value);
      stamp.classes |= text.classes;
      stamp.max_word = std::max<std::uint32_t>(stamp.max_word, text.longest_word);
      continue;
    }
    if (value == last) continue;
    last = value;
    if (asked < kTrialValues || found * 4 >= asked) {
      ++asked;
      if (!recent_values_.Insert(value)) {
        ++found;
        continue;
      }
    }
    AddressWindow window;
    stamp.classes |= ScanWords(value, [&](std::string_view word, const WordKind& kind) {
      AddWord(word, kind);
      AddAddress(window.Next(word, kind));
      stamp.max_word = std::max(stamp.max_word, static_cast<std::uint32_t>(word.size()));
    });
  }
}

const WordCollector::RecentText& WordCollector::AddShort(std::string_view value) {
  const ShortText text = LoadShort(value);
  RecentText& recent = recent_texts_[(text.low * 0x9e3779b97f4a7c15u ^ text.high * 0xc2b2ae3d27d4eb4fu) >>
                                     (64 - kRecentTextBits)];
  if (recent.text == text) return recent;
  recent.longest_word = 0;
  AddressWindow window;
  recent.classes = ScanShort(value, text, [&](std::string_view word, const WordKind& kind) {
    AddWord(word, kind);
    AddAddress(window.Next(word, kind));
    recent.longest_word = std::max(recent.longest_word, static_cast<std::uint8_t>(word.size()));
  });
  recent.text = text;
  return recent;
}

void WordCollector::AddAddress(std::string_view address) {
  if (!address.empty()) AddKey(KeyOf(KeySpace::kAddress, address, seed_));
}

void WordCollector::AddWord(std::string_view word, const WordKind& kind) {
  if (kind.only_digits) {
    if (std::uint64_t integer; ReadDecimal(word, integer)) return AddInteger(integer);
  }
  const WordKey key = kind.upper ? FoldedKey(KeySpace::kWord, word) : KeyOf(KeySpace::kWord, word, seed_);
  if (kind.digits) return AddKey(key);
  if (recent_keys_.Insert(key)) words_.push_back(key);
}

WordKey WordCollector::FoldedKey(KeySpace space, std::string_view text) {
  folded_.assign(text);
  std::transform(folded_.begin(), folded_.end(), folded_.begin(), FoldByte);
  return KeyOf(space, folded_, seed_);
}

void WordCollector::AddValues(KeySpace space, std::span<const std::string_view> values) {
  recent_values_.Clear();
  for (const std::string_view value : values)
    if (!value.empty() && recent_values_.Insert(value)) AddKey(FoldedKey(space, value));
}

void WordCollector::AddWords(KeySpace space, std::span<const std::string_view> texts) {
  recent_values_.Clear();
  for (const std::string_view text : texts) {
    if (!recent_values_.Insert(text)) continue;
    ScanWords(text, [&](std::string_view word, const WordKind&) { AddKey(FoldedKey(space, word)); });
  }
}

// The small integers are pages as well; a slot with larger ones may have begun some of them.
void WordCollector::AddSmallPages() {
  constexpr std::size_t kWords = IntegerPage::kValues / 64;
  for (std::uint64_t number = 0; number < kSmallIntegers / IntegerPage::kValues; ++number) {
    const auto next = static_cast<std::uint32_t>(pages_.size());
    const std::uint32_t index = page_of_.try_emplace(number, next).first->second;
    if (index == next) pages_.emplace_back().number = number;
    for (std::size_t i = 0; i < kWords; ++i) pages_[index].bits[i] |= small_[number * kWords + i];
  }
}

// Decides which pages are kept; the integers of the others become keys.
void WordCollector::SortPages() {
  AddSmallPages();
  std::sort(pages_.begin(), pages_.end(),
            [](const IntegerPage& a, const IntegerPage& b) { return a.number < b.number; });
  for (const IntegerPage& page : pages_) {
    const std::uint64_t base = page.number * IntegerPage::kValues;
    if (CountBits(page) >= kMinPageIntegers) {
      kept_pages_[ChunkOf(KeyOfInteger(base, seed_))].push_back(&page);
      continue;
    }
    for (std::size_t word = 0; word < page.bits.size(); ++word) {
      for (std::uint64_t bits = page.bits[word]; bits != 0; bits &= bits - 1)
        AddKey(KeyOfInteger(base + word * 64 + static_cast<unsigned>(std::countr_zero(bits)), seed_));
    }
  }
}

// Removes repetitions; the order of what remains does not matter.
void WordCollector::MakeDistinct(std::vector<WordKey>& keys) {
  table_.assign(std::bit_ceil(keys.size() * 2 + 1), 0);
  const std::size_t mask = table_.size() - 1;
  std::size_t kept = 0;
  for (const WordKey key : keys) {
    std::size_t at = key & mask;
    while (table_[at] != 0 && table_[at] != key) at = (at + 1) & mask;
    if (table_[at] == key && key != 0) continue;
    table_[at] = key;
    keys[kept++] = key;
  }
  keys.resize(kept);
}

void WordCollector::FinishWords(Filters& filters) {
  MakeDistinct(words_);
  filters.words_in_chunks = words_.size() > kMaxIndexWords;
  if (filters.words_in_chunks) {
    for (const WordKey key : words_) keys_[ChunkOf(key)].push_back(key);
    return;
  }
  filters.word_bloom.resize(BloomOctets(words_.size()));
  if (!words_.empty()) BloomAdd(filters.word_bloom, words_);
}

WordCollector::Filters WordCollector::Finish() {
  Filters filters;
  FinishWords(filters);
  SortPages();
  for (std::size_t chunk = 0; chunk < kWordChunks; ++chunk) {
    MakeDistinct(keys_[chunk]);
    filters.chunks[chunk] = WriteChunk(chunk, seed_, keys_[chunk], kept_pages_[chunk]);
  }
  return filters;
}

}  // namespace cistern
