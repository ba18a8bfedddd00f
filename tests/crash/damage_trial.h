// Opens a damaged copy of a sample, reads it, asks it and writes to it, and says what is wrong.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/crash/damage_sample.h"

namespace cistern::crash {

// In what order, and how much.
struct Course {
  bool ask_first = false;   // queries before scans
  bool new_file = false;    // what is appended belongs to the next day
  bool look_again = false;  // reads again after the append
  bool again = false;       // and after another start
};

class Trial {
 public:
  // `gone` is what retention took, as a reader of the whole sample is told.
  Trial(const Sample& sample, const Spot& spot, std::uint64_t gone);

  // What is wrong; empty: nothing.
  std::string Run(const Course& course);

  std::size_t missing() const { return missing_; }  // records, before anything was appended
  std::uint64_t told_gone() const { return told_gone_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  using Found = std::vector<char>;  // by index of the sample's records

  std::string Open();
  std::string ReadAll(Found& found);
  std::string Ask();
  std::string Take(const Record& record, Found& found);
  std::string CompareOrders();
  std::string CompareAnswers() const;
  std::string CompareScan() const;
  std::string CompareOthers() const;
  std::string Append(bool new_file);
  std::string ReadAgain();
  bool IsExcused() const;

  const Sample& sample_;
  const Spot& spot_;
  const std::uint64_t gone_;
  std::unique_ptr<Store> store_;
  std::vector<std::string> warnings_;
  std::size_t missing_ = 0;
  std::uint64_t told_gone_ = 0, appended_ = 0, appended_found_ = 0;
  Found scanned_;
  std::vector<Found> answers_;
};

}  // namespace cistern::crash
