#include "ctl/printer/grid.h"

#include <gtest/gtest.h>

namespace cistern::ctl {
namespace {

TEST(GridTest, AlignsByCharactersAndEscapes) {
  Grid grid({{"NAME"}, {"N", Grid::Align::kRight}, {"LAST"}});
  grid.AddRow({"\u00fcml", "1", "x"});
  grid.AddRow({"longer\x1b", "12345", ""});
  std::string out;
  grid.AppendTo(out, false, 1);
  EXPECT_EQ(out,
            " NAME            N  LAST\n"
            " \u00fcml             1  x\n"
            " longer\\x1b  12345  -\n");
}

TEST(GridTest, TitleLineAloneWithoutRows) {
  Grid grid({{"A"}, {"B"}});
  std::string out;
  grid.AppendTo(out, true);
  EXPECT_EQ(out, "\x1b[1mA  B\x1b[0m\n");
}

}  // namespace
}  // namespace cistern::ctl
