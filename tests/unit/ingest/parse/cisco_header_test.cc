#include "ingest/parse/cisco_header.h"

#include "tests/unit/ingest/parse/parse_case.h"

namespace cistern {
namespace {

constexpr ParseCase kCases[] = {
    {"SequenceAndTime", "<189>35: *Apr 29 14:00:16.059: %SYS-5-CONFIG_I: text",
     "rfc3164 local7.notice 2026-04-29T14:00:16.059Z msg=35: *Apr 29 14:00:16.059: %SYS-5-CONFIG_I: text"},
    {"SequenceOriginAndTime", "<189>29: rtr1: *Apr 29 13:58:40.411: %SYS-5-CONFIG_I: text",
     "rfc3164 local7.notice 2026-04-29T13:58:40.411Z host=rtr1 msg=29: rtr1: *Apr 29 13:58:40.411: "
     "%SYS-5-CONFIG_I: text"},
    {"UnsynchronisedClock", "<189>.Apr 15 2007 21:28:13: %PIX-6-302014: text",
     "rfc3164 local7.notice 2007-04-15T21:28:13Z msg=.Apr 15 2007 21:28:13: %PIX-6-302014: text"},
    {"OriginYearFirstAndZone", "<189>rtr1: 2021 Feb 10 09:00:00 CDT: %MOD-2-FAILED: text",
     "rfc3164 local7.notice 2021-02-10T09:00:00Z host=rtr1 msg=rtr1: 2021 Feb 10 09:00:00 CDT: "
     "%MOD-2-FAILED: text"},
    {"Uptime", "<189>20: 00:01:01: %SYSMGR-STANDBY-3-SHUTDOWN_START: text",
     "rfc3164 local7.notice msg=20: 00:01:01: %SYSMGR-STANDBY-3-SHUTDOWN_START: text"},
    {"UptimeInWeeks", "<189>20: 1w2d: %SYS-5-CONFIG_I: text",
     "rfc3164 local7.notice msg=20: 1w2d: %SYS-5-CONFIG_I: text"},
    {"OriginWithoutTime", "<189>12: host-1: %SYS-5-CONFIG_I: text",
     "rfc3164 local7.notice host=host-1 msg=12: host-1: %SYS-5-CONFIG_I: text"},
    {"Ipv6Origin", "<189>12: 2001:db8::1: %SYS-5-CONFIG_I: text",
     "rfc3164 local7.notice host=2001:db8::1 msg=12: 2001:db8::1: %SYS-5-CONFIG_I: text"},
    {"HostBehindTime", "<189>91: *Oct 07 03:10:04: dev.example %SYS-5-CONFIG_I: text",
     "rfc3164 local7.notice 2026-10-07T03:10:04Z host=dev.example msg=91: *Oct 07 03:10:04: dev.example "
     "%SYS-5-CONFIG_I: text"},
    {"NodeOfIosXr",
     "<189>1: RP/0/RP0/CPU0:Dec 11 12:43:29.227 EST: snmpd[1002]: %SNMP-SNMP-3-AUTH_FAIL : text",
     "rfc3164 local7.notice 2026-12-11T12:43:29.227Z msg=1: RP/0/RP0/CPU0:Dec 11 12:43:29.227 EST: "
     "snmpd[1002]: "
     "%SNMP-SNMP-3-AUTH_FAIL : text"},
    {"MnemonicAlone", "<189>%ASA-6-302015: text", "rfc3164 local7.notice msg=%ASA-6-302015: text"},
    {"MnemonicAfterTime", "<189>Feb 10 2021 09:00:00: %ASA-6-302015: text",
     "rfc3164 local7.notice 2021-02-10T09:00:00Z msg=%ASA-6-302015: text"},
    {"MnemonicAfterHost", "<189>Feb 10 09:00:00 fw1 %ASA-6-302015: text",
     "rfc3164 local7.notice 2026-02-10T09:00:00Z host=fw1 msg=%ASA-6-302015: text"},
    {"ColonBehindHost", "<189>Feb 10 09:00:00 fw1 : %ASA-6-302015: text",
     "rfc3164 local7.notice 2026-02-10T09:00:00Z host=fw1 msg=%ASA-6-302015: text"},
    {"ColonBehindHostOfIsoTime", "<189>2021-02-10T09:00:00Z fw1 : %FTD-6-305012: text",
     "rfc3164 local7.notice 2021-02-10T09:00:00Z host=fw1 msg=%FTD-6-305012: text"},
    {"ZoneBehindTime", "<189>Feb 10 09:00:00 UTC: %ASA-6-302015: text",
     "rfc3164 local7.notice 2026-02-10T09:00:00Z msg=%ASA-6-302015: text"},
    {"OriginBehindTime", "<189>Feb 10 09:00:00: fw1: %ASA-6-302015: text",
     "rfc3164 local7.notice 2026-02-10T09:00:00Z host=fw1 msg=fw1: %ASA-6-302015: text"},
    {"SequenceBehindHostOfRelay",
     "<189>Feb 10 09:00:00 192.0.2.1 12: rtr1: Feb 10 08:59:59: %SYS-5-CONFIG_I: text",
     "rfc3164 local7.notice 2026-02-10T09:00:00Z host=192.0.2.1 msg=12: rtr1: Feb 10 08:59:59: "
     "%SYS-5-CONFIG_I: text"},
    {"ClockMarkBehindHostOfRelay", "<189>Feb 10 09:00:00 sw1 *Feb 10 08:59:59: %SYS-5-CONFIG_I: text",
     "rfc3164 local7.notice 2026-02-10T09:00:00Z host=sw1 msg=*Feb 10 08:59:59: %SYS-5-CONFIG_I: text"},
    {"TaskOfWirelessController", "<189>wlc1: *osapiTimer: Feb 10 09:00:00.123: %LOG-3-Q_IND: file.c:5 text",
     "rfc3164 local7.notice 2026-02-10T09:00:00.123Z host=wlc1 msg=wlc1: *osapiTimer: Feb 10 09:00:00.123: "
     "%LOG-3-Q_IND: file.c:5 text"},
    {"TaskAlone", "<189>*osapiTimer: Feb 10 09:00:00.123: %LOG-3-Q_IND: text",
     "rfc3164 local7.notice 2026-02-10T09:00:00.123Z msg=*osapiTimer: Feb 10 09:00:00.123: %LOG-3-Q_IND: "
     "text"},
    {"SequenceBehindTime", "<189>Feb 10 09:00:00 12: %SYS-5-CONFIG_I: text",
     "rfc3164 local7.notice 2026-02-10T09:00:00Z msg=12: %SYS-5-CONFIG_I: text"},
    {"FirstMnemonicWins", "<189>1: h: %IOSXE-6-PLATFORM: F0: %NAT-6-LOG: text",
     "rfc3164 local7.notice host=h msg=1: h: %IOSXE-6-PLATFORM: F0: %NAT-6-LOG: text"},
    {"HeaderWithoutPri", "35: *Apr 29 14:00:16: %SYS-5-CONFIG_I: text",
     "rfc3164 user.notice 2026-04-29T14:00:16Z flags=no_pri msg=35: *Apr 29 14:00:16: %SYS-5-CONFIG_I: text"},
    {"MnemonicWithoutPriIsRaw", "%ASA-6-302015: text",
     "raw user.notice flags=no_pri msg=%ASA-6-302015: text"},
    {"WordsBeforeMnemonicAreText", "<189>see the %SYS-5-CONFIG_I: text",
     "rfc3164 local7.notice msg=see the %SYS-5-CONFIG_I: text"},
    {"NoMnemonicNoHeader", "<189>35: rtr1: *Apr 29 14:00:16: text",
     "rfc3164 local7.notice msg=35: rtr1: *Apr 29 14:00:16: text"},
    {"TwoPartsAreATag", "<189>Feb 10 09:00:00 fw1 %DAEMON-4: text",
     "rfc3164 local7.notice 2026-02-10T09:00:00Z host=fw1 app=%DAEMON-4 msg=text"},
    {"SeverityEightIsATag", "<189>Feb 10 09:00:00 fw1 %A-8-B: text",
     "rfc3164 local7.notice 2026-02-10T09:00:00Z host=fw1 app=%A-8-B msg=text"},
    {"Truncated", "<189>35: ", "rfc3164 local7.notice msg=35: "},
};

class CiscoHeaderTest : public ::testing::TestWithParam<ParseCase> {};

TEST_P(CiscoHeaderTest, YieldsExpectedFields) {
  EXPECT_EQ(ToLogfmt(ParseChecked(GetParam().input)), GetParam().fields);
}

TEST_P(CiscoHeaderTest, EveryPrefixKeepsItsText) {
  for (std::size_t n = 0; n <= GetParam().input.size(); ++n) ParseChecked(GetParam().input.substr(0, n));
}

INSTANTIATE_TEST_SUITE_P(Cisco, CiscoHeaderTest, ::testing::ValuesIn(kCases), CaseName);

TEST(CiscoHeader, UniversalTimeIsAStatedZone) {
  EXPECT_FALSE(ParseChecked("<189>1: Feb 10 09:00:00 UTC: %A-1-B: t").flags & kFlagZoneInferred);
  EXPECT_FALSE(ParseChecked("<189>Feb 10 09:00:00 GMT: %A-1-B: t").flags & kFlagZoneInferred);
  EXPECT_TRUE(ParseChecked("<189>1: Feb 10 09:00:00 CST: %A-1-B: t").flags & kFlagZoneInferred);
}

}  // namespace
}  // namespace cistern
