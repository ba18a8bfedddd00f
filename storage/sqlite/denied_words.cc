#include "storage/sqlite/denied_words.h"

#include <algorithm>

namespace cistern {
namespace {

// Files have some thousand blocks.
constexpr std::uint64_t kMaxOrdinal = 1 << 16;

}  // namespace

DeniedWords::Question* DeniedWords::Find(std::string_view text) {
  const auto found = std::find_if(questions_.begin(), questions_.end(),
                                  [text](const Question& question) { return question.text == text; });
  if (found == questions_.end()) return nullptr;
  questions_.splice(questions_.begin(), questions_, found);
  return &questions_.front();
}

bool DeniedWords::Contains(std::string_view question, const Block& block) {
  const std::lock_guard lock(mutex_);
  const Question* known = Find(question);
  if (known == nullptr) return false;
  const auto file = known->files.find({block.file, block.generation});
  return file != known->files.end() && block.ordinal < file->second.size() && block.index_checksum != 0 &&
         file->second[block.ordinal] == block.index_checksum;
}

void DeniedWords::Add(std::string_view question, const Block& block) {
  if (block.ordinal >= kMaxOrdinal) return;
  const std::lock_guard lock(mutex_);
  Question* known = Find(question);
  if (known == nullptr) known = &questions_.emplace_front(Question{.text = std::string(question)});
  std::vector<std::int64_t>& denied = known->files[{block.file, block.generation}];
  if (block.ordinal >= denied.size()) {
    const std::size_t grown = (block.ordinal + 1 - denied.size()) * sizeof denied[0];
    denied.resize(block.ordinal + 1);
    known->octets += grown;
    octets_ += grown;
  }
  denied[block.ordinal] = block.index_checksum;
  while (questions_.size() > kMaxQuestions || octets_ > kMaxOctets) DropOldest();
}

void DeniedWords::DropOldest() {
  octets_ -= questions_.back().octets;
  questions_.pop_back();
}

}  // namespace cistern
