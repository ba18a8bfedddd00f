// Records as a sealed block, opened as the store opens it.
#pragma once

#include <memory>
#include <span>

#include "storage/block/blob_reader.h"
#include "storage/block/sealed_block.h"

namespace cistern {

// Null when the block cannot be opened.
inline std::unique_ptr<StoredBatch> SealedBatch(std::span<const Record> records) {
  BlockSealer sealer;
  auto block = std::make_shared<SealedBlock>(sealer.Seal(std::span(&records, 1)));
  auto index = OpenBlockIndex(std::make_shared<const std::string>(block->index),
                              [block](std::size_t chunk) { return std::optional(block->chunks[chunk]); });
  if (!index) return nullptr;
  auto batch = OpenBlock(SourceOf(block->data), std::move(*index));
  return batch ? std::move(*batch) : nullptr;
}

}  // namespace cistern
