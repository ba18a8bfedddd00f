// LogService.Ingest for imported records: batches with positions, resumed where an earlier run ended.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "ctl/client.h"
#include "ctl/transfer/record_reader.h"

namespace cistern::ctl {

struct ImportResult {
  std::uint64_t read = 0;           // records sent
  std::uint64_t stored = 0;         // records the daemon stored now
  std::uint64_t unreadable = 0;     // lines that hold no record
  std::uint64_t skipped_to = 0;     // position at which an earlier run ended; 0: none
  std::int64_t oldest = INT64_MAX;  // received time of the oldest record sent
  std::string first_problem;        // with unreadable
  FileError file_error;             // of the file, when it could not be read to its end
};

// Sends everything `reader` has behind what the daemon already took from it, and waits until it is committed.
// `progress` is called now and then. A stop of context.stop ends it after the batch at hand: the result then
// counts what was acknowledged, and a later run goes on.
CallStatus Import(Context& context, const std::shared_ptr<grpc::Channel>& channel, RecordReader& reader,
                  const std::function<void()>& progress, ImportResult& result);

}  // namespace cistern::ctl
