#include "ctl/client.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <sstream>

namespace cistern::ctl {
namespace {

constexpr std::int64_t kTimeout = 30'000'000'000;

struct StatusCase {
  const char* name;
  grpc::StatusCode code;
  const char* text;
  bool connected;
  int exit_code;
  bool retryable;
  const char* message;
};

constexpr StatusCase kStatuses[] = {
    {"Unreachable", grpc::StatusCode::UNAVAILABLE, "failed to connect to all addresses", false,
     kExitUnavailable, true, "cannot reach cisternd at 127.0.0.1:1: is it running? (--addr, CISTERN_ADDR)"},
    {"NoSuchHost", grpc::StatusCode::UNAVAILABLE, "DNS resolution failed for x:1", false, kExitUnavailable,
     true, "cannot reach cisternd at 127.0.0.1:1: no such host (--addr, CISTERN_ADDR)"},
    {"UntrustedServer", grpc::StatusCode::UNAVAILABLE,
     "failed to connect to all addresses; last error: UNKNOWN: Ssl handshake failed: SSL_ERROR_SSL: "
     "error:0A000086:SSL routines::certificate verify failed",
     false, kExitUnavailable, true,
     "cannot talk to cisternd at 127.0.0.1:1: its certificate is not signed by a known authority (--ca), or "
     "has "
     "expired"},
    {"WithoutProof", grpc::StatusCode::UNAUTHENTICATED, "nothing shows who calls", true, kExitNoPermission,
     false, "cisternd does not know who calls: nothing shows who calls (--token-file, --cert)"},
    {"WrongRole", grpc::StatusCode::PERMISSION_DENIED, "x has the role reader; this call needs admin", true,
     kExitNoPermission, false, "not allowed: x has the role reader; this call needs admin"},
    {"NameTaken", grpc::StatusCode::ALREADY_EXISTS, "name: there is a token x already", true, kExitNegative,
     false, "name: there is a token x already"},
    {"TopField", grpc::StatusCode::INVALID_ARGUMENT,
     "top_field: at byte 0: found \"foo\", expected a field name; to search for this text, write it in "
     "quotes",
     true, kExitUsage, false, "FIELD: found \"foo\", expected a field name"},
    {"Bucket", grpc::StatusCode::INVALID_ARGUMENT, "bucket: must be at least 1 ms", true, kExitUsage, false,
     "--bucket: must be at least 1 ms"},
    {"Draining", grpc::StatusCode::UNAVAILABLE, "cisternd is stopping", true, kExitUnavailable, true,
     "cisternd is stopping"},
    {"StreamRemoved", grpc::StatusCode::UNKNOWN, "Stream removed", false, kExitUnavailable, true,
     "cannot reach cisternd at 127.0.0.1:1: is it running? (--addr, CISTERN_ADDR)"},
    {"Deadline", grpc::StatusCode::DEADLINE_EXCEEDED, "", true, kExitUnavailable, false,
     "cisternd at 127.0.0.1:1 did not answer within 30s (--timeout)"},
    {"Busy", grpc::StatusCode::RESOURCE_EXHAUSTED, "too many queries; try again", true, kExitUnavailable,
     true, "too many queries; try again"},
    {"BadFilter", grpc::StatusCode::INVALID_ARGUMENT, "filter: at byte 3: found \")\"", true, kExitUsage,
     false, "filter: at byte 3: found \")\""},
    {"ForeignToken", grpc::StatusCode::FAILED_PRECONDITION, "another store", true, kExitUsage, false,
     "another store"},
    {"NoSuchRecord", grpc::StatusCode::NOT_FOUND, "no record 5", true, kExitNegative, false, "no record 5"},
    {"OldServer", grpc::StatusCode::UNIMPLEMENTED, "", true, kExitSoftware, false,
     "cisternd at 127.0.0.1:1 does not know this call: is it an older release?"},
    {"ControlCharacters", grpc::StatusCode::INTERNAL, "a\x1b[31mb\n", true, kExitSoftware, false,
     "a\\x1b[31mb\\n"},
    {"NoText", grpc::StatusCode::INTERNAL, "", true, kExitSoftware, false,
     "cisternd at 127.0.0.1:1 answered with error 13"},
};

class CallStatusTest : public testing::TestWithParam<StatusCase> {};
TEST_P(CallStatusTest, HasOneMessageAndAnExitCode) {
  const StatusCase& c = GetParam();
  const auto status = ToCallStatus(grpc::Status(c.code, c.text), "127.0.0.1:1", c.connected, kTimeout);
  EXPECT_EQ(status.exit_code, c.exit_code);
  EXPECT_EQ(status.retryable, c.retryable);
  EXPECT_EQ(status.message, c.message);
}
INSTANTIATE_TEST_SUITE_P(Codes, CallStatusTest, testing::ValuesIn(kStatuses),
                         [](const auto& info) { return info.param.name; });

TEST(CallStatusTest, OkIsSilent) { EXPECT_TRUE(ToCallStatus(grpc::Status::OK, "a", true, 0).ok()); }

std::string Reported(const CallStatus& status, std::string_view filter) {
  std::ostringstream err;
  Context context;
  context.err = &err;
  EXPECT_EQ(Report(context, status, filter), status.exit_code);
  EXPECT_EQ(context.exit_code, status.exit_code);
  return err.str();
}

TEST(ReportTest, CaretStandsUnderTheOffset) {
  const CallStatus status{.exit_code = kExitUsage, .message = "filter: at byte 9: found \")\""};
  EXPECT_EQ(Reported(status, "app:sshd )"),
            "cisternctl: filter: at byte 9: found \")\"\n"
            "  app:sshd )\n"
            "           ^\n");
}

TEST(ReportTest, CaretCountsCharactersNotOctets) {
  const CallStatus status{.exit_code = kExitUsage, .message = "filter: at byte 4: found \")\""};
  EXPECT_EQ(Reported(status, "\u00fc\u00fc)"),
            "cisternctl: filter: at byte 4: found \")\"\n"
            "  \u00fc\u00fc)\n"
            "    ^\n");
}

TEST(ReportTest, CaretAtTheEndStandsBehindTheFilter) {
  const CallStatus status{.exit_code = kExitUsage, .message = "filter: at byte 2: found end of filter"};
  EXPECT_EQ(Reported(status, "a("), "cisternctl: filter: at byte 2: found end of filter\n  a(\n    ^\n");
}

TEST(ReportTest, OffsetOfAnotherFieldOrBehindTheFilterHasNoCaret) {
  const CallStatus field{.exit_code = kExitUsage, .message = "top_field: at byte 0: found x"};
  EXPECT_EQ(Reported(field, "abc"), "cisternctl: top_field: at byte 0: found x\n");
  const CallStatus far{.exit_code = kExitUsage, .message = "filter: at byte 99: found x"};
  EXPECT_EQ(Reported(far, "abc"), "cisternctl: filter: at byte 99: found x\n");
}

}  // namespace
}  // namespace cistern::ctl
