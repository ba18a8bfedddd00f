// Writes down what a detection has to say about events, and resolves those that nothing was added to.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "service/detect/key_table.h"
#include "service/detect/plan.h"
#include "service/events/event_change.h"

namespace cistern::detect {

// An event about to be raised, or what is added to one.
struct Happening {
  std::string_view key;
  std::int64_t at = 0;  // when it is clear, ns
  std::int64_t first = 0, last = 0;
  std::uint64_t count = 0;
  const Values* values = nullptr;                                // of the record that raised it; null: none
  std::vector<std::pair<std::string_view, std::string>> extras;  // what the kind adds
  std::vector<std::uint64_t> record_ids;                         // oldest first
  std::string remark;                                            // behind the summary
};

class EventWriter {
 public:
  explicit EventWriter(const Plan& plan, std::size_t max_bytes) : plan_(plan), open_(kMostOpen, max_bytes) {}

  void Raise(const Happening& happening);
  // To the event of that key.
  void Add(const Happening& happening);
  void Resolve(const std::string& key, std::int64_t at);

  // Events that resolve by themselves.
  std::int64_t NextTimer() { return open_.NextDue(); }
  void RunTimer();
  std::int64_t EndOfTimers(std::size_t most, std::int64_t bound) const { return open_.EndOfDue(most, bound); }
  // All times it keeps are less by that, ns; what was written stays.
  void SetBack(std::int64_t span) { open_.SetBack(span); }

  struct Written {
    std::int64_t at;
    EventChange change;
  };
  // In order.
  std::vector<Written> Take();
  bool has_written() const { return !written_.empty(); }
  std::uint64_t raised() const { return raised_; }

  std::size_t bytes() const { return open_.bytes(); }
  void Save(v1::StoredDetection& out) const;
  bool Load(const v1::StoredDetection& in);

 private:
  struct Nothing {
    std::size_t bytes() const { return 0; }
    void SetBack(std::int64_t) {}
    void Save(v1::StoredKey&) const {}
    bool Load(const v1::StoredKey&) { return true; }
  };
  static constexpr std::size_t kMostOpen = 10'000;

  std::string Render(const EventText& text, const Happening& happening) const;
  void Expect(const std::string& key, std::int64_t at);

  const Plan& plan_;
  KeyTable<Nothing> open_;
  std::vector<Written> written_;
  std::unordered_map<std::string, std::size_t> added_;  // by key: where in written_ more can be added
  std::uint64_t raised_ = 0;
};

// RFC 3339, UTC, as many digits as there are.
std::string TimeText(std::int64_t ns);
// H:MM:SS.ffffff
std::string DurationText(std::int64_t ns);
// At most six significant digits.
std::string NumberText(double number);

}  // namespace cistern::detect
