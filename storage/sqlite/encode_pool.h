// Seals the blocks of one large commit on several cores.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "storage/block/sealed_block.h"

namespace cistern {

// What becomes one block. The records must not change until it is sealed.
struct BlockParts {
  std::vector<std::span<const Record>> parts;
  std::uint64_t text_bytes = 0;
};

// Cuts a commit into pieces of at most so many records and about so much text.
std::vector<BlockParts> CutCommit(std::span<RecordBatch* const> batches, std::uint64_t max_records,
                                  std::uint64_t max_text);

// Threads: Seal() by one thread at a time, which takes part in the work.
class EncodePool {
 public:
  // `threads` in all, the caller's included; they start when there is work for them.
  explicit EncodePool(unsigned threads);
  ~EncodePool();

  // In the order of `blocks`.
  std::vector<std::shared_ptr<const SealedBlock>> Seal(std::span<const BlockParts> blocks);

 private:
  struct Work {
    std::span<const BlockParts> blocks;
    std::vector<std::shared_ptr<const SealedBlock>> sealed;
    std::size_t next = 0, done = 0;
    std::uint64_t text_in_flight = 0;
  };
  void Help(const std::stop_token& stop);
  bool MayTake() const;
  void SealNext(std::unique_lock<std::mutex>& lock, BlockSealer& sealer);

  const unsigned threads_;
  BlockSealer own_sealer_;  // the caller's
  std::mutex mutex_;        // guards work_
  std::condition_variable_any changed_;
  Work work_;
  std::vector<std::jthread> helpers_;
};

}  // namespace cistern
