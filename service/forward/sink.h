// A sink: the way to one destination. Each kind of target has one; the runner of the target drives it.
//
// Threads: a sink belongs to the one thread of its target, so it may block: each wait ends at its own timeout
//   and, at once, when `Stop` says so (use stop.fd() in poll()). Nothing else waits for it.
// Memory: a sink keeps no more than one chunk of about a MiB and what its description allows; records that
// are
//   not delivered are read again from the store.
// Errors are values: a Failure is tried again later; a Refusal makes a dead letter of one record.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/record.h"
#include "service/forward/read_places.h"
#include "service/forward/stop.h"
#include "storage/batch_view.h"

namespace cistern {

// What "delivered" means.
enum class Guarantee { kSent, kWritten, kAcknowledged, kExactlyOnce };

// Why a delivery failed. A fixed set: label values of cistern_target_errors_total{reason}.
enum class FailureReason {
  kResolve,        // the name has no address
  kConnect,        // refused, unreachable
  kTls,            // handshake or certificate
  kAuth,           // user, password or token not accepted
  kTimeout,        // took too long
  kClosed,         // the connection broke
  kRejected,       // the destination refused, for now
  kIo,             // file, disk
  kConfiguration,  // a secret, certificate or template cannot be read
  kLoop,           // the destination is this daemon
  kStopped,        // the daemon stops, or the target was paused or changed; no failure of the destination
};
std::string_view FailureReasonName(FailureReason reason);

struct Failure {
  FailureReason reason;
  std::string text;  // for people: what happened where; no secrets
  // As the destination asked for; 0: as the target's back-off says.
  std::chrono::milliseconds retry_after{0};
};

// A record that the destination does not take, now or ever.
struct Refusal {
  RecordId id{};
  std::string reason;
};

// Records to deliver, in order: some rows of a batch.
struct Chunk {
  Chunk(BatchView& from, std::span<const std::uint32_t> some, ReadPlace* where = nullptr)
      : view(from), rows(some), place(where) {
    const auto stored = view.Ints(Column::kId);
    for (const std::uint32_t row : rows) ids.push_back(RecordId{static_cast<std::uint64_t>(stored[row])});
  }
  // Whether the view may be used: not after it was taken away during a wait.
  bool here() const { return place == nullptr || place->here(); }

  BatchView& view;
  std::span<const std::uint32_t> rows;  // ascending
  std::vector<RecordId> ids;            // of the rows
  ReadPlace* place;
};

// Around each wait for a destination: as long as it lasts the batch may be taken away. Nothing that came from
// the view is used in there, and afterwards only when the chunk is still here; if not, Deliver() returns, and
// what it did not take is offered again.
class WithoutBatch {
 public:
  explicit WithoutBatch(const Chunk& chunk) : place_(chunk.place) {
    if (place_ != nullptr) place_->Release();
  }
  ~WithoutBatch() {
    if (place_ != nullptr) place_->Hold();
  }
  WithoutBatch(const WithoutBatch&) = delete;
  WithoutBatch& operator=(const WithoutBatch&) = delete;

 private:
  ReadPlace* const place_;
};

// What came of a chunk. Rows [0, taken) need not be offered again, unless ResumeBehind() says so later; those
// that were refused count as taken.
struct Delivery {
  std::size_t taken = 0;
  std::uint64_t bytes = 0;  // as sent, before compression and TLS
  std::vector<Refusal> refused;
  std::optional<Failure> failure;  // rows from `taken` on are offered again
};

// What a test reports, step by step; in normal work steps go nowhere.
struct StepReport {
  std::string step;    // `connect to 192.0.2.1:514`
  std::string detail;  // what came of it
};
using StepObserver = std::function<void(const StepReport&)>;

class Sink {
 public:
  virtual ~Sink() = default;

  // Delivers rows in order. Returns as soon as some progress was made or a failure is certain; connects when
  // needed. Not every row need be taken: the rest is offered again at once.
  virtual Delivery Deliver(const Chunk& chunk, const Stop& stop) = 0;

  // Delivers records that are dead letters once more, whenever they were first offered; at once, and apart
  // from what else waits. Between calls of Deliver().
  virtual Delivery DeliverLetters(const Chunk& chunk, const Stop& stop) { return Deliver(chunk, stop); }

  // Called when nothing is to be delivered, and at least each second: flushes, rotates, sends what is due.
  virtual std::optional<Failure> Idle(const Stop&) { return std::nullopt; }
  // Records that Idle() found to be refused; to be asked for behind it.
  virtual std::vector<Refusal> TakeRefused() { return {}; }
  // When Idle() wants to be called at the latest.
  virtual std::chrono::steady_clock::time_point NextIdle() const {
    return std::chrono::steady_clock::time_point::max();
  }

  // Records behind this id were taken but are not with the destination yet, so that the position must not
  // pass it. Empty: all that was taken is.
  virtual std::optional<RecordId> HeldBehind() const { return std::nullopt; }
  // A new sink of this target must go on behind this id, which is before the position: what was sent last may
  // not have arrived. Empty: at the position. After a failure this sink itself is resumed there, too.
  virtual std::optional<RecordId> ResumeBehind() const { return std::nullopt; }
  // The durable form of ResumeBehind() and whatever else a restart must find again, written with the
  // position; empty: nothing. Given back to the next sink when it is made.
  virtual std::string SaveState() const { return {}; }

  // Ends the connection in order, at most until the deadline. Afterwards HeldBehind() and ResumeBehind() tell
  // what is certain.
  virtual void Close(std::chrono::steady_clock::time_point) {}

  // Where it is connected to; empty: nowhere.
  virtual std::string endpoint() const { return {}; }
};

}  // namespace cistern
