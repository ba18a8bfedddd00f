// Random records and random filters made from them; every run is the same.
#pragma once

#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/record.h"
#include "tests/unit/storage/filter/naive_filter.h"

namespace cistern::naive {

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}
  std::size_t Below(std::size_t n) { return random_() % n; }
  bool OneIn(std::size_t n) { return Below(n) == 0; }
  template <class Values>
  auto Pick(const Values& from) {
    return from[Below(std::size(from))];
  }

  void AddRecord(std::vector<Record>& records);
  // A filter of which about half the terms are cut from the records' texts.
  Expr AnyExpr(const std::vector<Record>& records, int depth);

 private:
  std::string Message();
  std::string LogLine();
  std::string_view Keep(std::string text) { return texts_.emplace_back(std::move(text)); }
  Expr Leaf(const std::vector<Record>& records);
  std::string CutText(std::string_view message);
  std::string CutRegex(std::string_view message);
  std::string CutWhole(std::string_view value);

  std::mt19937 random_;
  std::deque<std::string> texts_;
};

}  // namespace cistern::naive
