// One detection at work: what waits, what its kind does with it, and its state as octets.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "service/detect/capture.h"
#include "service/detect/detections.h"
#include "service/detect/detector.h"
#include "service/detect/report.h"
#include "service/detect/waiting.h"

namespace cistern::detect {

class RunningRule {
 public:
  RunningRule(std::shared_ptr<const Plan> plan, const DetectionLimits& limits);

  const Plan& plan() const { return *plan_; }
  const std::shared_ptr<const Plan>& shared_plan() const { return plan_; }
  bool is_report() const { return report_.has_value(); }
  // Goes by received times alone, so that nothing has to wait.
  bool by_receipt() const { return plan_->rule.has_absent(); }

  // The rule sees only records behind this one, as if it were new.
  void StartBehind(std::uint64_t id);
  std::uint64_t behind() const { return behind_; }
  bool began() const { return began_.has_value(); }
  void Begin(std::int64_t time);

  // Rows that match the filter, ascending; clocks[row] is the arrival clock there. `selected`: as in
  // Capture().
  void Feed(BatchView& view, BlockIndex* index, std::span<const std::uint32_t> rows,
            std::span<const std::int64_t> clocks, Selection& selected);
  // Does everything whose time is before `bound`. Not for reports.
  void RunUntil(std::int64_t bound);
  // A time before which about `most` things are to be done; kNever: not that many before `bound`.
  std::int64_t PortionEnd(std::int64_t bound, std::size_t most) const;
  // The clock was set back by that, ns: so are all times that are kept.
  void SetBack(std::int64_t span);
  // Ends of intervals of a report; kNever: none to come.
  std::int64_t NextInterval() const;
  // Of many empty ones before `bound` the last is next, which then stands for all of them.
  void SkipIntervals(std::int64_t bound);
  void EndInterval(const CountersOf& counters);
  // The latest time of what waits; INT64_MIN: nothing does.
  std::int64_t LastWaiting() const { return waiting_.Latest(); }

  EventWriter& events() { return events_; }
  Counters counters() const;
  DetectionFigures figures() const;
  std::size_t bytes() const;
  // Gives up part of the state; false: there is none.
  bool Shrink();

  bool changed() const { return changed_; }
  std::string Save();
  // Of a rule that has done nothing yet; it is of no use when that fails.
  Detections::Loaded Load(std::string_view octets);

 private:
  std::int64_t TimeOf(const Item& item, std::int64_t received, std::int64_t clock) const;
  bool LoadParts(v1::StoredDetection& in);
  std::int64_t NextTimer();
  void RunTimer();
  void NoteEvicted();

  const std::shared_ptr<const Plan> plan_;
  const DetectionLimits limits_;
  EventWriter events_;
  Waiting waiting_;
  std::unique_ptr<Detector> detector_;  // null: a report
  std::optional<Report> report_;
  std::uint64_t behind_ = 0;
  std::optional<std::int64_t> began_;
  std::uint64_t matched_ = 0, evicted_ = 0;
  bool changed_ = true;
  std::vector<Item> items_;  // its memory is reused
};

// Octets with a checksum behind them, and back; empty: they are damaged.
std::string Sealed(std::string octets);
std::string_view Unsealed(std::string_view sealed);

}  // namespace cistern::detect
