// Pushing a batch from a thread that may wait.
#pragma once

#include <chrono>
#include <memory>

#include "ingest/net/sink.h"

namespace cistern {

// Pushes `batch`, waiting for space until `deadline`. False: no space came, `batch` is left alone.
bool PushBefore(BatchSink& sink, std::unique_ptr<RecordBatch>& batch,
                std::chrono::steady_clock::time_point deadline);

}  // namespace cistern
