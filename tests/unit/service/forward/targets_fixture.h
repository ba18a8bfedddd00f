// Targets in a store of their own, against a destination in memory.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "cistern/v1/target.pb.h"
#include "service/forward/targets.h"
#include "tests/unit/service/flaky_store.h"
#include "tests/unit/service/forward/fake_sink.h"
#include "tests/unit/service/temp_store.h"

namespace cistern::testing {

using Words = std::vector<std::string>;

inline v1::Target Definition(const std::string& name, const std::string& from = "oldest",
                             const std::string& filter = "") {
  v1::Target target;
  target.set_name(name);
  target.set_from(from);
  target.set_filter(filter);
  target.mutable_retry()->set_initial(1'000'000);
  target.mutable_retry()->set_max(5'000'000);
  target.mutable_console();
  return target;
}

class TargetsTest : public ::testing::Test {
 protected:
  TargetsTest() { Begin(); }

  void Begin() {
    targets_ = std::make_unique<Targets>(
        RunnerContext{*store_, folder_.path(), &WallNow,
                      [this](const v1::Target& target, SinkContext context) {
                        return to_.Make(target, std::move(context));
                      },
                      [](const std::string&, const std::string&, std::uint16_t) { return false; }});
    ASSERT_TRUE(targets_->Open({}));
    ASSERT_TRUE(targets_->Start(configured_));
  }
  // As kill -9 when nothing was saved before.
  void Restart(bool save) {
    targets_->End(std::chrono::steady_clock::now());
    if (save) EXPECT_TRUE(targets_->Save({}));
    targets_.reset();
    Begin();
  }
  void Append(const Words& messages, const std::string& sd = "-") {
    RecordBatch batch;
    for (const std::string& text : messages) AddMessage(batch, "<13>1 - host app - - " + sd + " " + text);
    RecordBatch* const batches[] = {&batch};
    ASSERT_TRUE(store_->Append(batches, {}).has_value());
  }
  Targets::Outcome<std::vector<AppliedChange>> Apply(const v1::Target& target,
                                                     std::optional<std::uint64_t> revision = {}) {
    return targets_->Apply({{std::make_shared<v1::Target>(target), revision}}, false, false);
  }
  TargetView Get(const std::string& name) {
    const auto view = targets_->Get(name);
    EXPECT_TRUE(view);
    return view ? *view : TargetView();
  }
  // Until the position of the target is that of the store.
  TargetView WaitUntilIdle(const std::string& name) {
    for (int i = 0; i < 2000; ++i) {
      const TargetView view = Get(name);
      if (view.figures.position == store_->last_id() && view.figures.state == TargetState::kIdle) return view;
      store_->WaitForCommit(store_->last_id(), std::chrono::milliseconds(5));
    }
    ADD_FAILURE() << "the target does not come to its end";
    return Get(name);
  }

  TempFolder folder_;
  std::unique_ptr<Store> store_ = std::make_unique<FlakyStore>(OpenStore(folder_.path()));
  FakeDestination to_;
  std::vector<v1::Target> configured_;
  std::unique_ptr<Targets> targets_;
};

}  // namespace cistern::testing
