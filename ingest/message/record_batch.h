// A batch of records and the memory they live in.
//
// Owner: moves from the network thread to the writer, one thread at a time; once committed any may read.
// A batch is reused (Clear keeps its chunks), so the hot path does not allocate.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "ingest/message/record.h"

namespace cistern {

// Bump allocator in chunks. Pointers stay valid until Clear() or destruction; it never moves anything.
class Arena {
 public:
  static constexpr std::size_t kChunkBytes = 256 * 1024;

  // Uninitialised octets. Larger than a chunk: a chunk of its own.
  char* Allocate(std::size_t bytes);
  // Gives back the unused end of the latest Allocate() result.
  void Shrink(const char* start, std::size_t allocated, std::size_t used);
  std::string_view Copy(std::string_view text);
  // Forgets everything; keeps at most `keep_chunks` ordinary chunks for reuse.
  void Clear(std::size_t keep_chunks = 4);
  // Octets reserved from the system.
  std::size_t reserved_bytes() const { return reserved_; }
  std::size_t used_bytes() const { return used_; }

 private:
  struct Chunk {
    std::unique_ptr<char[]> data;
    std::size_t size;
  };
  std::vector<Chunk> chunks_;
  std::size_t current_ = 0;  // index into chunks_
  std::size_t offset_ = 0;   // in the current chunk
  std::size_t reserved_ = 0;
  std::size_t used_ = 0;
};

class RecordBatch {
 public:
  Arena& arena() { return arena_; }
  std::vector<Record>& records() { return records_; }
  const std::vector<Record>& records() const { return records_; }
  bool empty() const { return records_.empty(); }
  std::size_t size() const { return records_.size(); }

  // A copy of `text` that lives as long as the batch; equal pointers are copied once, so a listener's
  // name or a peer's identity costs nothing per record. For long-lived texts only.
  std::string_view Intern(std::string_view text);

  // Memory this batch is accounted for: arena use plus record structs.
  std::size_t bytes() const { return arena_.used_bytes() + records_.size() * sizeof(Record); }
  // Octets of all messages as received; kept up by whoever appends records.
  std::uint64_t received_octets = 0;

  void Clear();

 private:
  struct Interned {
    const char* source;
    std::size_t size;
    std::string_view copy;
  };
  Arena arena_;
  std::vector<Record> records_;
  std::vector<Interned> interned_;
};

}  // namespace cistern
