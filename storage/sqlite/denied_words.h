// What the word filters of blocks said no to: a question that is asked again, by a client that refreshes or
// counts what it lists, need not read them again. Bounded; the questions that were asked last stay.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cistern {

class DeniedWords {
 public:
  // `index_checksum` tells blocks apart that had the same ordinal because the commit of one failed.
  struct Block {
    std::uint64_t file = 0;
    std::uint32_t generation = 0;
    std::uint64_t ordinal = 0;
    std::int64_t index_checksum = 0;
  };
  static constexpr std::size_t kMaxQuestions = 64, kMaxOctets = 1 << 20;

  // `question`: a word and what it is asked of.
  bool Contains(std::string_view question, const Block& block);
  void Add(std::string_view question, const Block& block);

 private:
  struct Question {
    std::string text;
    // Of each file and generation, by ordinal: the checksum of the block that was denied, or 0.
    std::map<std::pair<std::uint64_t, std::uint32_t>, std::vector<std::int64_t>> files;
    std::size_t octets = 0;
  };
  // Makes it the one that was asked last; null when it is not known.
  Question* Find(std::string_view text);
  void DropOldest();

  std::mutex mutex_;
  std::list<Question> questions_;  // guarded by mutex_; least recently asked last
  std::size_t octets_ = 0;         // of their checksums
};

}  // namespace cistern
