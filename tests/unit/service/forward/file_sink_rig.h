// A file sink with clocks of its own, and what it wrote.
#pragma once

#include <gtest/gtest.h>

#include <numeric>

#include "service/forward/file_sink.h"
#include "temp_files.h"

namespace cistern {

class FileSinkTest : public testing::Test {
 protected:
  FileSink::Settings SettingsFor(const std::string& path) {
    FileSink::Settings settings;
    settings.path = *PathTemplate::Parse(files_.path(path));
    settings.wall_clock = [this] { return now_; };
    settings.clock = [this] { return steady_; };
    settings.observe = [this](const StepReport& step) { steps_.push_back(step.step); };
    return settings;
  }
  void Make(FileSink::Settings settings) { sink_ = std::make_unique<FileSink>(std::move(settings)); }
  Delivery Deliver(const SomeRecords& records, std::size_t behind = 0) {
    RecordsView view(records.all());
    std::vector<std::uint32_t> rows(records.all().size());
    std::iota(rows.begin(), rows.end(), 0u);
    return sink_->Deliver({view, std::span<const std::uint32_t>(rows).subspan(behind)}, stop_);
  }
  void DeliverAll(const SomeRecords& records) {
    for (std::size_t done = 0; done < records.all().size();) {
      const Delivery delivery = Deliver(records, done);
      ASSERT_FALSE(delivery.failure) << delivery.failure->text;
      ASSERT_GT(delivery.taken, 0u);
      done += delivery.taken;
    }
  }
  std::optional<Failure> Idle() {
    steady_ += std::chrono::seconds(1);
    return sink_->Idle(stop_);
  }

  TempFiles files_;
  std::int64_t now_ = kNoon;
  std::chrono::steady_clock::time_point steady_ =
      std::chrono::steady_clock::time_point() + std::chrono::hours(1);
  std::vector<std::string> steps_;
  std::unique_ptr<FileSink> sink_;
  Stop stop_;
};

}  // namespace cistern
