// A line on standard error that shows how far long work is.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "ctl/command/commands.h"

namespace cistern::ctl {

// Shows nothing unless standard error is a terminal and notes are wanted. Redrawn at most ten times a second.
class Progress {
 public:
  // `label` stands before the bar. `context` outlives it.
  Progress(const Context& context, std::string label);
  ~Progress() { Clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  bool shown() const { return shown_; }
  // `done` of `total` (0: not known) is finished, and so many records.
  void Update(std::uint64_t done, std::uint64_t total, std::uint64_t records);
  // Takes the line away, for other output.
  void Clear();

 private:
  const Context& context_;
  const std::string label_;
  const bool shown_;
  const std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point next_;
  bool drawn_ = false;
};

// `[=====>    ]  48 %`, `width` characters between the brackets. `done` may exceed `total`.
std::string ProgressBar(std::uint64_t done, std::uint64_t total, std::size_t width);

}  // namespace cistern::ctl
