#include "proto/convert/names.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace cistern {
namespace {

// The value's name in the protocol, `FLAG_BAD_UTF8`, as users write it: `bad_utf8`.
std::string Lowered(std::string name, std::size_t prefix) {
  name.erase(0, prefix);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

TEST(NamesTest, AreTheProtocolNamesInSmallLetters) {
  for (int i = 1; i < v1::Transport_ARRAYSIZE; ++i) {
    const auto value = static_cast<v1::Transport>(i);
    EXPECT_EQ(TransportName(value), Lowered(v1::Transport_Name(value), 10));
  }
  for (int i = 1; i < v1::Format_ARRAYSIZE; ++i) {
    const auto value = static_cast<v1::Format>(i);
    EXPECT_EQ(FormatName(value), Lowered(v1::Format_Name(value), 7));
  }
  for (int i = 1; i < v1::Severity_ARRAYSIZE; ++i) {
    const auto value = static_cast<v1::Severity>(i);
    EXPECT_EQ(SeverityName(value), Lowered(v1::Severity_Name(value), 9));
  }
  for (int i = 1; i < v1::Facility_ARRAYSIZE; ++i) {
    const auto value = static_cast<v1::Facility>(i);
    EXPECT_EQ(FacilityName(value), Lowered(v1::Facility_Name(value), 9));
  }
  for (int i = 1; i < v1::Flag_ARRAYSIZE; ++i) {
    const auto value = static_cast<v1::Flag>(i);
    EXPECT_EQ(FlagName(value), Lowered(v1::Flag_Name(value), 5));
  }
}

TEST(NamesTest, UnknownValuesHaveNone) {
  EXPECT_EQ(TransportName(v1::TRANSPORT_UNSPECIFIED), "");
  EXPECT_EQ(FlagName(static_cast<v1::Flag>(1000)), "");
  EXPECT_EQ(SeverityName(static_cast<v1::Severity>(-1)), "");
}

}  // namespace
}  // namespace cistern
