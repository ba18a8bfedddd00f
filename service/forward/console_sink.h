// Standard output of the daemon: the sink of `console:` targets. One line a record, control characters
// escaped.
//
// A reader that does not read delays this target only: it waits for it, at most kPatience at a time.
#pragma once

#include "service/forward/format.h"
#include "service/forward/make_sink.h"

namespace cistern {

class ConsoleSink final : public Sink {
 public:
  // Writes to `fd`, which stays the caller's.
  ConsoleSink(int fd, RecordFormatter::Options format, StepObserver observe)
      : fd_(fd), formatter_(std::move(format)), observe_(std::move(observe)), pending_(HeaderLine()) {}

  Delivery Deliver(const Chunk& chunk, const Stop& stop) override;
  std::optional<RecordId> HeldBehind() const override { return held_behind_; }
  std::string endpoint() const override { return "standard output"; }

 private:
  std::string HeaderLine() const;
  void AddLine(const Record& record);
  std::optional<Failure> Write(const Stop& stop);

  const int fd_;
  RecordFormatter formatter_;
  const StepObserver observe_;
  std::string pending_, line_;  // what of a line is not written yet; the line in its form
  std::optional<RecordId> held_behind_;
};

}  // namespace cistern
