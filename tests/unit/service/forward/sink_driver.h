// Drives a sink as the runner of a target does: everything is offered until it is taken.
#pragma once

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>

#include <deque>
#include <numeric>
#include <vector>

#include "cistern/v1/target.pb.h"
#include "service/forward/make_sink.h"
#include "service/forward/spec.h"

namespace cistern::testing {

// Records with ids from 1 and a host; texts live as long as this.
class Records {
 public:
  explicit Records(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) Add("message " + std::to_string(i + 1));
  }
  Records& Add(std::string message) {
    texts_.push_back(std::move(message));
    Record record;
    record.id = RecordId(records_.size() + 1);
    record.received = kStart + static_cast<std::int64_t>(records_.size()) * 1'000'000'000;
    record.hostname = records_.size() % 2 == 0 ? "web-1" : "web-2";
    record.app_name = "app";
    record.message = record.raw = texts_.back();
    records_.push_back(record);
    return *this;
  }
  std::vector<Record>& all() { return records_; }
  std::span<const Record> from(std::uint64_t id) const { return std::span(records_).subspan(id - 1); }
  std::size_t size() const { return records_.size(); }

  static constexpr std::int64_t kStart = 1'763'719'200'000'000'000;  // 2025-11-21T10:00:00Z

 private:
  std::deque<std::string> texts_;
  std::vector<Record> records_;
};

// A target as `targets apply` would have it. `text` is in protobuf's text format.
inline v1::Target PreparedTarget(const std::string& text) {
  v1::Target target;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString("name: 't' " + text, &target)) << text;
  const YamlErrors errors = PrepareTarget(target);
  EXPECT_TRUE(errors.empty()) << errors.ToString();
  return target;
}

struct Outcome {
  std::uint64_t delivered = 0;  // up to this id
  std::vector<Refusal> refused;
  std::optional<Failure> failure;
};

// From `first` on, until all is taken or something fails.
inline Outcome DeliverAll(Sink& sink, const Records& records, const Stop& stop, std::uint64_t first = 1) {
  Outcome outcome{first - 1, {}, {}};
  while (outcome.delivered < records.size() && !outcome.failure) {
    RecordsView view(records.from(outcome.delivered + 1));
    std::vector<std::uint32_t> rows(view.size());
    std::iota(rows.begin(), rows.end(), 0u);
    Delivery delivery = sink.Deliver({view, rows}, stop);
    outcome.delivered += delivery.taken;
    outcome.refused.insert(outcome.refused.end(), delivery.refused.begin(), delivery.refused.end());
    outcome.failure = std::move(delivery.failure);
    if (delivery.taken == 0 && !outcome.failure) {
      ADD_FAILURE() << "neither progress nor failure";
      break;
    }
  }
  return outcome;
}

inline SinkContext TestContext(std::vector<StepReport>* steps = nullptr) {
  SinkContext context;
  context.store_id = "0123456789abcdef0123456789abcdef";
  context.observe = [steps](const StepReport& step) {
    if (steps != nullptr) steps->push_back(step);
  };
  return context;
}

}  // namespace cistern::testing
