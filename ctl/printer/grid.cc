#include "ctl/printer/grid.h"

#include <algorithm>

#include "ctl/printer/text.h"

namespace cistern::ctl {

void Grid::AddRow(const std::vector<std::string>& cells) {
  auto& row = rows_.emplace_back();
  for (const std::string& cell : cells) row.push_back(cell.empty() ? "-" : Visible(cell));
}

void Grid::AppendTo(std::string& out, bool color, std::size_t indent) const {
  std::vector<std::size_t> widths;
  std::vector<std::string> titles;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    titles.emplace_back(columns_[i].title);
    widths.push_back(DisplayWidth(columns_[i].title));
    for (const auto& row : rows_) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  std::string line;
  AppendLine(titles, widths, line);
  out.append(indent, ' ');
  AppendPainted(line, Paint::kBold, color, out);
  out += '\n';
  for (const auto& row : rows_) {
    out.append(indent, ' ');
    AppendLine(row, widths, out);
    out += '\n';
  }
}

void Grid::AppendLine(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths,
                      std::string& out) const {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t padding = widths[i] - DisplayWidth(cells[i]);
    if (columns_[i].align == Align::kRight) out.append(padding, ' ');
    out += cells[i];
    if (i + 1 == cells.size()) break;
    out.append(columns_[i].align == Align::kLeft ? padding + 2 : 2, ' ');
  }
}

}  // namespace cistern::ctl
