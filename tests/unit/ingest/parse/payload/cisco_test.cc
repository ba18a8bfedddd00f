#include <gtest/gtest.h>

#include <string>

#include "tests/unit/ingest/parse/payload/print.h"

namespace cistern {
namespace {

struct CiscoCase {
  const char* name;
  std::string raw;
  std::string fields;
};

// What a header parser made of the octets must not matter, so it is left out here.
Record WithRaw(std::string_view raw) {
  Record record;
  record.raw = raw;
  return record;
}

std::string Cisco(std::string_view code_and_rest) { return "cisco|" + std::string(code_and_rest); }

const CiscoCase kCases[] = {
    {"Bare", "%SYS-5-CONFIG_I: text", Cisco("facility=SYS|severity=5|mnemonic=CONFIG_I|text=text")},
    {"PriOnly", "<189>%SYS-5-CONFIG_I: text", Cisco("facility=SYS|severity=5|mnemonic=CONFIG_I|text=text")},
    {"DashesInFacility", "<189>%A-B-C-3-D: x", Cisco("facility=A-B-C|severity=3|mnemonic=D|text=x")},
    {"SpaceBeforeColon", "<187>%A-3-B : x", Cisco("facility=A|severity=3|mnemonic=B|text=x")},
    {"NoSpaceBehindColon", "<187>%A-3-B:x", Cisco("facility=A|severity=3|mnemonic=B|text=x")},
    {"Sequence", "<189>29: %A-5-B: x", Cisco("facility=A|severity=5|mnemonic=B|text=x|seq=29")},
    {"SequenceOriginTime", "<189>29: rtr1: *Apr 29 13:58:40.411: %A-5-B: x",
     Cisco("facility=A|severity=5|mnemonic=B|text=x|seq=29|hostname=rtr1")},
    {"DotAndZone", "<180>7: machine1: .Nov 18 21:03:22.631 GMT: %A-4-B: x",
     Cisco("facility=A|severity=4|mnemonic=B|text=x|seq=7|hostname=machine1")},
    {"ZoneIsNoOrigin", "<180>Nov 18 21:03:22 CEST: %A-4-B: x",
     Cisco("facility=A|severity=4|mnemonic=B|text=x")},
    {"YearBehindTime", "<180>Nov 18 21:03:22 2025: %A-4-B: x",
     Cisco("facility=A|severity=4|mnemonic=B|text=x")},
    {"YearBeforeTime", "<180>Nov 18 2025 21:03:22: %A-4-B: x",
     Cisco("facility=A|severity=4|mnemonic=B|text=x")},
    {"YearFirst", "<166>rtr1: 2021 Feb 10 09:00:00 CDT: %A-2-B: x",
     Cisco("facility=A|severity=2|mnemonic=B|text=x|hostname=rtr1")},
    {"Uptime", "<166>20: 1w2d: %A-3-B: x", Cisco("facility=A|severity=3|mnemonic=B|text=x|seq=20")},
    {"UptimeClock", "<166>20: 00:01:01: %A-3-B: x", Cisco("facility=A|severity=3|mnemonic=B|text=x|seq=20")},
    {"IosXr", "<187>138076: RP/0/RP0/CPU0:Dec 11 12:43:29.227 EST: snmpd[1002]: %A-B-3-C : x",
     Cisco("facility=A-B|severity=3|mnemonic=C|text=x|seq=138076")},
    {"BsdHeader", "<164>Oct 26 15:19:25 192.0.2.1 %ASA-4-106023: Deny",
     Cisco("facility=ASA|severity=4|mnemonic=106023|text=Deny")},
    {"IsoHeader", "<166>2022-02-16T15:31:53Z fw1 : %FTD-6-305012: Teardown",
     Cisco("facility=FTD|severity=6|mnemonic=305012|text=Teardown")},
    {"ColonBeforeTime", "<111>:Feb 10 09:00:00 UTC: %ASA-6-302015: Built",
     Cisco("facility=ASA|severity=6|mnemonic=302015|text=Built")},
    {"SequenceBehindBsdHeader", "<111>Feb 10 09:00:00 sw1 345: Feb 10 09:00:01: %A-6-B: x",
     Cisco("facility=A|severity=6|mnemonic=B|text=x|seq=345")},
    {"FirstSequenceCounts", "<111>20: rtr1: 6340004: %A-6-B: x",
     Cisco("facility=A|severity=6|mnemonic=B|text=x|seq=20|hostname=rtr1")},
    {"FirstCodeWins", "<14>%A-6-B: %C-5-D: x", Cisco("facility=A|severity=6|mnemonic=B|text=%C-5-D: x")},
    {"PercentInText", "<14>%A-6-B: load 100%", Cisco("facility=A|severity=6|mnemonic=B|text=load 100%")},
    {"SeverityAboveSeven", "<14>%A-8-B: x", "none"},
    {"NoColon", "<14>%A-6-B x", "none"},
    {"NoMnemonic", "<14>%A-6-: x", "none"},
    {"NoFacility", "<14>%-6-B: x", "none"},
    {"InsideProse", "<14>kernel has seen the code %A-6-B: x", "none"},
    {"PercentSign", "<14>disk is 50% full: x", "none"},
};

class CiscoTest : public ::testing::TestWithParam<CiscoCase> {};

TEST_P(CiscoTest, YieldsExpectedFields) {
  EXPECT_EQ(Print(ExtractCisco(WithRaw(GetParam().raw))), GetParam().fields);
}

TEST_P(CiscoTest, EveryPrefixEndsWell) {
  for (std::size_t n = 0; n <= GetParam().raw.size(); ++n) {
    const std::vector<char> prefix(GetParam().raw.begin(),
                                   GetParam().raw.begin() + static_cast<std::ptrdiff_t>(n));
    ExtractCisco(WithRaw({prefix.data(), prefix.size()}));
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, CiscoTest, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(ExtractCisco, HostnameOfTheRecordGoesFirst) {
  Record record = WithRaw("<189>29: rtr1: %A-5-B: x");
  record.hostname = "relay";
  EXPECT_EQ(*ExtractCisco(record).Find("hostname"), "relay");
}

TEST(ExtractCisco, OfRfc5424OnlyTheMessageIsExamined) {
  Record record = WithRaw("<13>1 - fw1 %A-5-B: - - - %C-6-D: x");
  record.format = Format::kRfc5424;
  record.hostname = "fw1";
  record.message = "%C-6-D: x";
  EXPECT_EQ(Print(ExtractCisco(record)), "cisco|facility=C|severity=6|mnemonic=D|text=x|hostname=fw1");
}

}  // namespace
}  // namespace cistern
