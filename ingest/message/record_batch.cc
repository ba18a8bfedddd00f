#include "ingest/message/record_batch.h"

#include <algorithm>
#include <cstring>

namespace cistern {

char* Arena::Allocate(std::size_t bytes) {
  while (current_ < chunks_.size() && chunks_[current_].size - offset_ < bytes) {
    ++current_;
    offset_ = 0;
  }
  if (current_ == chunks_.size()) {
    std::size_t size = std::max(bytes, kChunkBytes);
    chunks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
    reserved_ += size;
  }
  char* start = chunks_[current_].data.get() + offset_;
  offset_ += bytes;
  used_ += bytes;
  return start;
}

void Arena::Shrink(const char* start, std::size_t allocated, std::size_t used) {
  if (current_ >= chunks_.size() || chunks_[current_].data.get() + offset_ != start + allocated) return;
  offset_ -= allocated - used;
  used_ -= allocated - used;
}

std::string_view Arena::Copy(std::string_view text) {
  if (text.empty()) return {};
  char* copy = Allocate(text.size());
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

void Arena::Clear(std::size_t keep_chunks) {
  std::erase_if(chunks_, [&](const Chunk& chunk) {
    if (chunk.size == kChunkBytes && keep_chunks > 0) {
      --keep_chunks;
      return false;
    }
    reserved_ -= chunk.size;
    return true;
  });
  current_ = 0;
  offset_ = 0;
  used_ = 0;
}

std::string_view RecordBatch::Intern(std::string_view text) {
  if (text.empty()) return {};
  for (const Interned& known : interned_) {
    if (known.source == text.data() && known.size == text.size()) return known.copy;
  }
  std::string_view copy = arena_.Copy(text);
  interned_.push_back({text.data(), text.size(), copy});
  return copy;
}

void RecordBatch::Clear() {
  records_.clear();
  interned_.clear();
  arena_.Clear();
  received_octets = 0;
}

}  // namespace cistern
