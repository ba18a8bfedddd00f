// Clients of LogService.Ingest: one stream at a time each, and what is committed and on its way.
//
// A client is remembered in memory while it has a stream or batches in flight; for ever after, the store
// knows its last committed sequence (30 idle days). Threads: any. Lock order: registry, then client; no lock
// is held while calling gRPC.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "storage/store.h"

namespace cistern {

// The stream side, as seen by the client's state.
class IngestStream {
 public:
  virtual ~IngestStream() = default;
  // Everything up to `sequence` is committed. Must not block.
  virtual void Committed(std::uint64_t sequence) = 0;
  // Batches of this client were given up: end with UNAVAILABLE.
  virtual void Failed(const boost::system::error_code& error) = 0;
  // Another stream of this client took over: end with ABORTED.
  virtual void TakenOver() = 0;
};

struct IngestClient {
  explicit IngestClient(std::string name, std::uint64_t last)
      : id(std::move(name)), committed(last), enqueued(last) {}
  const std::string id;
  std::mutex mutex;
  // Guarded by mutex.
  std::uint64_t committed;  // last sequence on disk
  std::uint64_t enqueued;   // last sequence handed to the writer; >= committed
  std::weak_ptr<IngestStream> stream;
};

class IngestClients {
 public:
  explicit IngestClients(Store& store) : store_(store) {}
  // Makes `stream` the client's stream; the one before is told that it was taken over.
  std::shared_ptr<IngestClient> Open(const std::string& id, const std::shared_ptr<IngestStream>& stream);
  // Forgets the client if nothing of it is open or in flight.
  void Close(const std::shared_ptr<IngestClient>& client);
  // A batch ended; called on the writer thread.
  static void Ended(const std::shared_ptr<IngestClient>& client, std::uint64_t sequence,
                    const boost::system::error_code& error);
  // Clients that are remembered.
  std::size_t size() const;

 private:
  static constexpr std::size_t kFirstLook = 1024;
  void ForgetEnded();

  Store& store_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<IngestClient>> clients_;  // guarded by mutex_
  std::size_t next_look_ = kFirstLook;                                      // guarded by mutex_
};

}  // namespace cistern
