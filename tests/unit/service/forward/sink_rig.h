// Sinks for tests: a definition, records to deliver, and what the sink reported.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "cistern/v1/target.pb.h"
#include "ingest/message/record_batch.h"
#include "service/forward/make_sink.h"
#include "service/forward/spec.h"
#include "tests/unit/service/temp_store.h"

namespace cistern {

inline const char kOrigin[] = "0123456789abcdef0123456789abcdef";

// Records as a store gives them.
struct Rows {
  void Add(std::uint64_t id, std::string_view text) {
    AddMessage(batch, text);
    batch.records().back().id = static_cast<RecordId>(id);
  }
  RecordBatch batch;
};

class SinkTest : public ::testing::Test {
 protected:
  using Maker = MadeSink (*)(const v1::Target&, SinkContext);
  explicit SinkTest(Maker maker) : maker_(maker) { target_.set_name("second"); }

  void Make() {
    sink_.reset();
    const auto errors = PrepareTarget(target_);
    ASSERT_TRUE(errors.empty()) << errors.ToString();
    auto made = maker_(target_, Context());
    ASSERT_TRUE(made.has_value()) << made.error().text;
    sink_ = std::move(*made);
  }
  SinkContext Context() {
    return {.store_id = kOrigin, .epoch = epoch_, .observe = [this](const StepReport& step) {
              steps_.push_back(step);
            }};
  }

  // Once.
  Delivery Offer(const std::vector<Record>& records) {
    RecordsView view(records);
    std::vector<std::uint32_t> rows(records.size());
    std::iota(rows.begin(), rows.end(), 0u);
    return sink_->Deliver({view, rows}, stop_);
  }
  // As the runner does, until all is taken or a failure.
  Delivery Deliver(const RecordBatch& batch) {
    Delivery all;
    while (all.taken < batch.size() && !all.failure) {
      const auto from = batch.records().begin() + static_cast<std::ptrdiff_t>(all.taken);
      const std::size_t size = std::min<std::size_t>(4096, batch.size() - all.taken);
      Delivery one = Offer({from, from + static_cast<std::ptrdiff_t>(size)});
      all.taken += one.taken;
      all.bytes += one.bytes;
      all.refused.insert(all.refused.end(), one.refused.begin(), one.refused.end());
      all.failure = one.failure;
    }
    return all;
  }
  // Of a sink that takes nothing.
  Failure FailureOf(const RecordBatch& batch) {
    Make();
    const auto delivery = Deliver(batch);
    EXPECT_TRUE(delivery.failure);
    EXPECT_EQ(delivery.taken, 0u);
    return delivery.failure.value_or(Failure{});
  }

  const Maker maker_;
  v1::Target target_;
  std::uint64_t epoch_ = 0;
  std::unique_ptr<Sink> sink_;
  Stop stop_;
  std::vector<StepReport> steps_;
};

}  // namespace cistern
