// A store with a closed file, and rules of retention that are applied to it.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "storage/filter/filter.h"
#include "tests/unit/storage/care/care_fixture.h"

namespace cistern::testing {

inline RetentionRule Rule(const std::string& filter, std::chrono::seconds max_age) {
  return {std::make_shared<const Filter>(*Filter::Parse(filter)), max_age};
}

class RulesTest : public CareTest {
 protected:
  RulesTest() {
    options_.at_point = [this](std::string_view point) {
      begun_ += point == "thin.begin";
      if (at_) at_(point);
      ended_ += point == "thin.written" || point == "thin.looked";  // last: then `at_` may change
    };
  }
  // One closed file with the texts of each commit, and an open one.
  void OneFile(const std::vector<std::vector<std::string>>& commits) {
    now_ = kNoon + kDay;
    Open();
    for (const auto& texts : commits) MustAppend(texts, kNoon);
    MustAppend({"newest"}, now_);
    IdleUntil([this] { return LogFiles("-wal").size() == 1; });
  }
  // A clock that jumps while the store is open would suspend retention by age.
  void Later(std::int64_t time) {
    Close();
    now_ += time;
    Open();
  }
  void WaitForWorker() const {
    while (begun_ != ended_) std::this_thread::yield();
  }
  // Until there is nothing left to do.
  std::vector<Gap> Apply() {
    std::vector<Gap> all;
    for (int begun = -1; begun != begun_;) {
      begun = begun_;
      for (const Gap& gap : *store_->ApplyRetention()) all.push_back(gap);
      WaitForWorker();
    }
    return all;
  }
  std::vector<Gap> Apply(const Retention& retention) {
    store_->SetRetention(retention);
    return Apply();
  }
  std::string Problems() {
    Close();
    return CareTest::Texts(CheckDir());
  }
  // `count` texts, of which every `each`-th is debug output.
  static std::vector<std::string> Mixed(long count, long each, long from = 0) {
    std::vector<std::string> texts;
    for (long i = from; i < from + count; ++i)
      texts.push_back((i % each == 0 ? "debug trace " : "audit login ") + std::to_string(i) + " from " +
                      std::to_string(std::hash<std::string>()(std::to_string(i))));
    return texts;
  }
  static std::vector<std::string> Without(std::vector<std::string> texts, const std::string& word) {
    std::erase_if(texts, [&](const std::string& text) { return text.find(word) != std::string::npos; });
    return texts;
  }

  std::atomic<int> begun_{0}, ended_{0};
  std::function<void(std::string_view)> at_;
};

}  // namespace cistern::testing
