// Finds the words of one block's slots and values and writes the filters that hold them.
//
// Threads: one at a time. Memory is kept from block to block; nothing is allocated per value.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/batch_view.h"
#include "storage/block/word_filter.h"
#include "storage/block/word_scan.h"
#include "storage/block_index.h"

namespace cistern {

class WordCollector {
 public:
  void Begin(std::uint64_t seed);
  // The values of one slot of messages: all their words, and the addresses in them.
  SlotStamp AddSlot(const StringColumn& values);
  // Each value as a whole, but not the empty one.
  void AddValues(KeySpace space, std::span<const std::string_view> values);
  // All words of each text, with or without digits.
  void AddWords(KeySpace space, std::span<const std::string_view> texts);

  struct Filters {
    std::array<std::string, kWordChunks> chunks;
    // The words of messages without digits. When they are many, they are in the chunks with all others.
    std::string word_bloom;
    bool words_in_chunks = false;
  };
  Filters Finish();

 private:
  // Keys seen lately: most repetitions end here.
  class RecentKeys {
   public:
    void Clear() { keys_ = {}; }
    bool Insert(WordKey key) {
      WordKey& entry = keys_[key % kEntries];
      if (entry == key && key != 0) return false;
      entry = key;
      return true;
    }

   private:
    static constexpr std::size_t kEntries = 2048;
    std::array<WordKey, kEntries> keys_{};
  };
  // The same for short values of all slots, with what a stamp takes from them.
  struct RecentText {
    ShortText text;  // the empty text at first, which has no words
    std::uint8_t classes = 0, longest_word = 0;
  };
  static constexpr unsigned kRecentTextBits = 11;
  // The same for long values of one slot. Octets are compared: nobody can hide a value behind an equal hash.
  class RecentValues {
   public:
    void Clear() { entries_ = {}; }
    // False when it is there already. Views must stay valid until Clear().
    bool Insert(std::string_view value);

   private:
    static constexpr std::size_t kEntries = 512;
    std::array<std::string_view, kEntries> entries_{};
  };
  struct Span {
    std::uint64_t min = UINT64_MAX, max = 0;
  };

  std::size_t ReadIntegers(std::span<const std::string_view> values, Span& span);
  void AddIntegers(const Span& span, std::size_t rows);
  bool AddToPages(const Span& span, std::size_t rows);
  void AddInteger(std::uint64_t value);
  void AddTexts(std::span<const std::string_view> values, SlotStamp& stamp);
  const RecentText& AddShort(std::string_view value);
  void AddWord(std::string_view word, const WordKind& kind);
  void AddAddress(std::string_view address);
  void AddKey(WordKey key) {
    if (recent_keys_.Insert(key)) keys_[ChunkOf(key)].push_back(key);
  }
  WordKey FoldedKey(KeySpace space, std::string_view text);
  void AddSmallPages();
  void SortPages();
  void FinishWords(Filters& filters);
  void MakeDistinct(std::vector<WordKey>& keys);

  std::uint64_t seed_ = 0;
  std::array<std::vector<WordKey>, kWordChunks> keys_;
  std::vector<WordKey> words_;                                // without digits
  std::vector<std::uint64_t> small_;                          // one bit for each small integer
  std::vector<IntegerPage> pages_;                            // where larger ones lie close together
  std::unordered_map<std::uint64_t, std::uint32_t> page_of_;  // their indexes, by number
  std::array<std::vector<const IntegerPage*>, kWordChunks> kept_pages_;
  std::vector<std::uint64_t> integers_;    // of the slot at hand
  std::vector<std::uint32_t> slot_pages_;  // likewise
  std::vector<WordKey> table_;             // scratch of MakeDistinct()
  std::string folded_;
  RecentKeys recent_keys_;
  RecentValues recent_values_;
  std::vector<RecentText> recent_texts_;
};

}  // namespace cistern
