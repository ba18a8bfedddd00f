// A sealed block: many records as templates and typed slots, with the index that tells what is not in it.
//
// Threads: a BlockSealer by one thread at a time.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "storage/block/block_codec.h"
#include "storage/block_index.h"

namespace cistern {

// The filter of words with digits is cut by the word's hash, so that asking for one word reads one chunk.
inline constexpr std::size_t kWordChunks = 16;

struct SealedBlock {
  BlockSummary summary;
  std::shared_ptr<const std::string> data;  // a column blob: complete by itself, OpenBlock() reads it
  std::string index;                        // for OpenBlockIndex(); derived from `data`, can be made again
  std::array<std::string, kWordChunks> chunks;  // likewise; empty: no words in it
};

class BlockSealer {
 public:
  BlockSealer();
  ~BlockSealer();
  // Records with ids set, ascending; at least one, at most 65,536, at most 256 MiB of text. As BlockEncoder.
  SealedBlock Seal(std::span<const std::span<const Record>> parts);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Reads chunk `i`; absent when it cannot be read, and then every word may be there. An empty string: no
// words.
using ReadChunk = std::function<std::optional<std::string>(std::size_t chunk)>;

// Whether the caller has compared octets with a checksum of its own: that need not be done twice.
enum class Octets : std::uint8_t { kUnchecked, kChecked };

// Checks the index's checksum; its parts are decoded when first asked for. `index` is kept alive. A chunk
// whose checksum fails counts as one that cannot be read. `octets`: of the index and of what `read_chunk`
// gives. kCorrupt, kTooNew.
Result<std::unique_ptr<BlockIndex>> OpenBlockIndex(std::shared_ptr<const std::string> index,
                                                   ReadChunk read_chunk, Octets octets = Octets::kUnchecked);

// Makes index and chunks again from the data of a block. kCorrupt when that is damaged.
Result<SealedBlock> IndexAgain(std::shared_ptr<const std::string> data);

// Whether a chunk's checksum fits.
bool CheckChunk(std::string_view chunk);

}  // namespace cistern
