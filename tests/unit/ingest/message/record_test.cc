#include "ingest/message/record.h"

#include <gtest/gtest.h>

namespace cistern {
namespace {

TEST(Names, EveryFacilityReadsBack) {
  for (int code = 0; code <= 23; ++code) {
    const auto facility = static_cast<Facility>(code);
    EXPECT_EQ(ParseFacility(FacilityName(facility)), facility);
    EXPECT_EQ(ParseFacility(std::to_string(code)), facility);
  }
  EXPECT_EQ(FacilityName(0), "kern");
  EXPECT_EQ(FacilityName(10), "authpriv");
  EXPECT_EQ(FacilityName(23), "local7");
  EXPECT_EQ(FacilityName(24), "");
}

TEST(Names, EverySeverityReadsBack) {
  for (int code = 0; code <= 7; ++code) {
    const auto severity = static_cast<Severity>(code);
    EXPECT_EQ(ParseSeverity(SeverityName(severity)), severity);
    EXPECT_EQ(ParseSeverity(std::to_string(code)), severity);
  }
  EXPECT_EQ(SeverityName(0), "emerg");
  EXPECT_EQ(SeverityName(7), "debug");
  EXPECT_EQ(SeverityName(8), "");
}

TEST(Names, CaseAndSynonymsAreAccepted) {
  EXPECT_EQ(ParseSeverity("ERR"), 3);
  EXPECT_EQ(ParseSeverity("error"), 3);
  EXPECT_EQ(ParseSeverity("Warn"), 4);
  EXPECT_EQ(ParseSeverity("panic"), 0);
  EXPECT_EQ(ParseFacility("Security"), 4);
  EXPECT_EQ(ParseFacility("LOCAL0"), 16);
}

TEST(Names, AnythingElseIsRefused) {
  for (const char* text : {"", " err", "er", "errors", "8", "24", "-1", "1a", "001"}) {
    EXPECT_FALSE(ParseSeverity(text)) << text;
  }
  for (const char* text : {"", "24", "local8", "local", "-1"}) EXPECT_FALSE(ParseFacility(text)) << text;
}

TEST(Names, TransportsAndFormatsReadBack) {
  for (int code = 1; code <= 6; ++code) {
    const auto transport = static_cast<Transport>(code);
    EXPECT_EQ(ParseTransport(TransportName(transport)), transport);
  }
  EXPECT_EQ(TransportName(Transport::kUnknown), "");
  EXPECT_FALSE(ParseTransport(""));
  for (const Format format : {Format::kRaw, Format::kRfc5424, Format::kRfc3164}) {
    EXPECT_EQ(ParseFormat(FormatName(format)), format);
  }
  EXPECT_FALSE(ParseFormat("cef"));
}

TEST(Names, EveryFlagReadsBack) {
  for (std::uint32_t bit = 1; bit <= kFlagImported; bit <<= 1) {
    EXPECT_NE(FlagName(bit), "");
    EXPECT_EQ(ParseFlag(FlagName(bit)), bit);
  }
  EXPECT_EQ(FlagName(kFlagBadUtf8), "bad_utf8");
  EXPECT_EQ(FlagName(kFlagImported), "imported");
  EXPECT_EQ(FlagName(0), "");
  EXPECT_EQ(FlagName(kFlagBom | kFlagLenient), "");
  EXPECT_EQ(FlagName(1u << 31), "");
  EXPECT_EQ(ParseFlag("nonsense"), 0u);
}

}  // namespace
}  // namespace cistern
