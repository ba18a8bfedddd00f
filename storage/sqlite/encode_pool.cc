#include "storage/sqlite/encode_pool.h"

#include <algorithm>
#include <utility>

#include "storage/sqlite/sealing.h"

namespace cistern {
namespace {

// Of the blocks being sealed at one time: a sealer's memory grows with the text.
constexpr std::uint64_t kMaxTextInFlight = std::uint64_t{16} << 20;

}  // namespace

std::vector<BlockParts> CutCommit(std::span<RecordBatch* const> batches, std::uint64_t max_records,
                                  std::uint64_t max_text) {
  std::vector<BlockParts> pieces;
  std::uint64_t records = max_records;  // of the last piece; full, so that the first record begins one
  for (const RecordBatch* batch : batches) {
    std::span<const Record> rest(batch->records());
    while (!rest.empty()) {
      if (records == max_records || pieces.back().text_bytes >= max_text) {
        pieces.emplace_back();
        records = 0;
      }
      BlockParts& piece = pieces.back();
      std::size_t taken = 0;
      for (; taken < rest.size() && records < max_records && piece.text_bytes < max_text; ++taken, ++records)
        piece.text_bytes += TextBytes(rest[taken]);
      piece.parts.push_back(rest.first(taken));
      rest = rest.subspan(taken);
    }
  }
  return pieces;
}

EncodePool::EncodePool(unsigned threads) : threads_(std::max(threads, 1u)) {}

EncodePool::~EncodePool() {
  for (std::jthread& helper : helpers_) helper.request_stop();
}

std::vector<std::shared_ptr<const SealedBlock>> EncodePool::Seal(std::span<const BlockParts> blocks) {
  while (helpers_.size() + 1 < std::min<std::size_t>(threads_, blocks.size()))
    helpers_.emplace_back([this](const std::stop_token& stop) { Help(stop); });
  std::unique_lock lock(mutex_);
  work_ = {.blocks = blocks};
  work_.sealed.resize(blocks.size());
  changed_.notify_all();
  while (work_.done < blocks.size()) {
    if (MayTake()) {
      SealNext(lock, own_sealer_);
    } else {
      changed_.wait(lock, [&] { return MayTake() || work_.done == blocks.size(); });
    }
  }
  return std::move(std::exchange(work_, {}).sealed);
}

void EncodePool::Help(const std::stop_token& stop) {
  BlockSealer sealer;
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return MayTake(); })) SealNext(lock, sealer);
}

bool EncodePool::MayTake() const {
  if (work_.next == work_.blocks.size()) return false;
  return work_.text_in_flight == 0 ||
         work_.text_in_flight + work_.blocks[work_.next].text_bytes <= kMaxTextInFlight;
}

void EncodePool::SealNext(std::unique_lock<std::mutex>& lock, BlockSealer& sealer) {
  const std::size_t at = work_.next++;
  const BlockParts& block = work_.blocks[at];
  work_.text_in_flight += block.text_bytes;
  lock.unlock();
  auto sealed = std::make_shared<const SealedBlock>(sealer.Seal(block.parts));
  lock.lock();
  work_.sealed[at] = std::move(sealed);
  work_.text_in_flight -= block.text_bytes;
  ++work_.done;
  changed_.notify_all();
}

}  // namespace cistern
