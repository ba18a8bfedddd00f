// A store of events over a store of its own, with a clock that stands still.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "proto/convert/record.h"
#include "service/events/event_store.h"
#include "tests/unit/service/flaky_store.h"
#include "tests/unit/service/temp_store.h"

namespace cistern::testing {

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kStart = 1'760'000'000 * kSecond;

using Fields = std::vector<std::pair<std::string, std::string>>;

inline v1::Event MakeEvent(const std::string& rule, const std::string& key = "", const Fields& fields = {}) {
  v1::Event event;
  event.set_rule(rule);
  event.set_key(key);
  event.set_severity(4);
  event.set_summary(rule + " of " + key);
  for (const auto& [name, value] : fields) (*event.mutable_fields())[name] = value;
  event.add_record_ids(7);
  ToProto(kStart, event.mutable_first_time());
  ToProto(kStart + kSecond, event.mutable_last_time());
  event.set_count(3);
  return event;
}

inline EventChange Raised(v1::Event event) { return {EventChange::Kind::kRaise, std::move(event)}; }
inline EventChange Raised(const std::string& rule, const std::string& key = "", const Fields& fields = {}) {
  return Raised(MakeEvent(rule, key, fields));
}
inline EventChange Added(v1::Event event) { return {EventChange::Kind::kAdd, std::move(event)}; }
inline EventChange Resolved(const std::string& rule, const std::string& key = "") {
  EventChange change{EventChange::Kind::kResolve, {}};
  change.event.set_rule(rule);
  change.event.set_key(key);
  return change;
}

class EventsTest : public ::testing::Test {
 protected:
  EventsTest() { Reopen(); }

  // As a restart would find it.
  void Reopen() {
    events_.reset();
    store_.reset();
    store_ = std::make_unique<FlakyStore>(OpenStore(folder_.path()));
    events_ = std::make_unique<EventStore>(
        *store_, limits_, [this] { return now_; }, "here");
    ASSERT_TRUE(events_->Open());
  }

  void Commit(std::vector<EventChange> changes) { ASSERT_TRUE(events_->Commit(std::move(changes), {})); }
  v1::Event Get(std::uint64_t id) {
    const auto event = events_->Get(id);
    EXPECT_TRUE(event);
    return event ? *event : v1::Event();
  }
  std::vector<std::uint64_t> List(const EventQuery& query = {}) {
    return Ids(events_->List(query, 0, 1000)->events);
  }
  static std::vector<std::uint64_t> Ids(const std::vector<v1::Event>& events) {
    std::vector<std::uint64_t> ids;
    for (const v1::Event& event : events) ids.push_back(event.id());
    return ids;
  }

  TempFolder folder_;
  EventStore::Limits limits_;
  std::int64_t now_ = kStart + 60 * kSecond;
  std::unique_ptr<FlakyStore> store_;
  std::unique_ptr<EventStore> events_;
};

}  // namespace cistern::testing
