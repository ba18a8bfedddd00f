// Tables of a few short columns for people: senders, top values, listeners.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cistern::ctl {

class Grid {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string_view title;  // outlives the grid
    Align align = Align::kLeft;
  };

  explicit Grid(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell a column. Control characters are escaped here; an empty cell shows as `-`.
  void AddRow(const std::vector<std::string>& cells);
  // Title line and rows, two spaces between columns, each line after `indent` spaces, the last column
  // unpadded.
  void AppendTo(std::string& out, bool color, std::size_t indent = 0) const;

 private:
  void AppendLine(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths,
                  std::string& out) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace cistern::ctl
