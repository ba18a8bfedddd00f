#include "service/forward/mail_sink.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "ingest/message/tags.h"
#include "sink_driver.h"
#include "smtp_peer.h"

namespace cistern {
namespace {

using testing::DeliverAll;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Outcome;
using testing::PeerMail;
using testing::PreparedTarget;
using testing::Records;
using testing::SmtpPeer;
using testing::TestCertificate;

constexpr std::int64_t kSecond = 1'000'000'000;

class MailSinkTest : public ::testing::Test {
 protected:
  Sink& Make(const SmtpPeer& peer, const std::string& fields = {}, const std::string& state = {}) {
    target_ = PreparedTarget(
        "mail { server: '" + peer.server() +
        "' security: 'none' from: 'Cistern <cistern@example.net>' to: 'ops@example.net' " + fields + " }");
    auto context = testing::TestContext(&steps_);
    context.saved_state = state;
    context.test = test_;
    context.epoch = epoch_;
    auto sink = MakeMailSink(target_, std::move(context), [this] { return now_; });
    EXPECT_TRUE(sink.has_value()) << sink.error().text;
    sink_ = std::move(*sink);
    return *sink_;
  }

  Stop stop_;
  bool test_ = false;
  std::uint64_t epoch_ = 0;
  std::int64_t now_ = Records::kStart;
  v1::Target target_;
  std::vector<StepReport> steps_;
  std::unique_ptr<Sink> sink_;
};

TEST_F(MailSinkTest, OneMailARecordWithoutDigest) {
  SmtpPeer peer;
  const auto outcome = DeliverAll(
      Make(peer, "digest: 0 reply_to: 'help@example.net' to: 'Bob B. <bob@example.net>'"), Records(2), stop_);
  EXPECT_EQ(outcome.delivered, 2u);
  const auto mails = peer.mails();
  ASSERT_EQ(mails.size(), 2u);
  EXPECT_EQ(mails[0].from, "cistern@example.net");
  EXPECT_EQ(mails[0].to, (std::vector<std::string>{"ops@example.net", "bob@example.net"}));
  EXPECT_EQ(mails[0].Header("From"), "\"Cistern\" <cistern@example.net>");
  EXPECT_EQ(mails[0].Header("To"), "ops@example.net,\r\n \"Bob B.\" <bob@example.net>");
  EXPECT_EQ(mails[0].Header("Reply-To"), "help@example.net");
  EXPECT_EQ(mails[0].Header("Subject"), "[t] 1 record");
  EXPECT_EQ(mails[0].Header("Date"), "Fri, 21 Nov 2025 10:00:00 +0000");
  EXPECT_EQ(mails[0].Header("Auto-Submitted"), "auto-generated");
  EXPECT_NE(mails[0].Header("Message-ID"), mails[1].Header("Message-ID"));
  EXPECT_THAT(mails[1].Part("text/plain"),
              HasSubstr("2025-11-21 10:00:01  notice    web-2  app  message 2\n"));
  EXPECT_THAT(mails[1].Part("text/html"), HasSubstr(">message 2</td>"));
  EXPECT_EQ(peer.connections(), 1);
}

TEST_F(MailSinkTest, DigestIsOneMailWhenItsIntervalIsOver) {
  SmtpPeer peer;
  Sink& sink = Make(peer, "digest: 300000000000 show: 3");
  EXPECT_EQ(DeliverAll(sink, Records(500), stop_).delivered, 500u);
  EXPECT_EQ(sink.HeldBehind(), RecordId(0));
  now_ += 299 * kSecond;
  EXPECT_FALSE(sink.Idle(stop_));
  EXPECT_TRUE(peer.mails().empty());
  EXPECT_LE(sink.NextIdle(), std::chrono::steady_clock::now() + std::chrono::seconds(2));
  now_ += kSecond;
  EXPECT_FALSE(sink.Idle(stop_));
  ASSERT_EQ(peer.mails().size(), 1u);
  const PeerMail mail = peer.mails()[0];
  EXPECT_EQ(mail.Header("Subject"), "[t] 500 records");
  EXPECT_THAT(mail.Header("Content-Type"), HasSubstr("multipart/"));
  EXPECT_THAT(mail.data, HasSubstr("multipart/alternative"));
  EXPECT_THAT(mail.Part("text/plain"), HasSubstr("2025-11-21 10:00:00 to 2025-11-21 10:08:19 (UTC)"));
  EXPECT_THAT(mail.Part("text/plain"), HasSubstr("message 3\n"));
  EXPECT_THAT(mail.Part("text/plain"), HasSubstr("and 497 more"));
  EXPECT_THAT(mail.Part("text/plain"), Not(HasSubstr("message 4\n")));
  EXPECT_FALSE(sink.HeldBehind());
  EXPECT_EQ(sink.NextIdle(), std::chrono::steady_clock::time_point::max());
  now_ += 3600 * kSecond;
  EXPECT_FALSE(sink.Idle(stop_));
  EXPECT_EQ(peer.mails().size(), 1u);  // none when empty
}

TEST_F(MailSinkTest, GroupsHaveMailsAndIntervalsOfTheirOwn) {
  SmtpPeer peer;
  Sink& sink = Make(peer, "digest: 60000000000 group_by: 'host' group_by: 'tag.no'");
  Records records(1);
  DeliverAll(sink, records, stop_);
  now_ += 30 * kSecond;
  records.Add("second").Add("third");
  DeliverAll(sink, records, stop_, 2);
  now_ += 30 * kSecond;
  sink.Idle(stop_);
  ASSERT_EQ(peer.mails().size(), 1u);
  EXPECT_EQ(peer.mails()[0].Header("Subject"), "[t] 2 records of web-1, (none)");
  EXPECT_THAT(peer.mails()[0].Part("text/plain"), HasSubstr("host: web-1\n"));
  EXPECT_EQ(sink.HeldBehind(), RecordId(1));
  now_ += 30 * kSecond;
  sink.Idle(stop_);
  ASSERT_EQ(peer.mails().size(), 2u);
  EXPECT_EQ(peer.mails()[1].Header("Subject"), "[t] 1 record of web-2, (none)");
}

// What the runner does at a restart: the new sink starts behind HeldBehind() with the state that was saved.
TEST_F(MailSinkTest, RestartMailsEachRecordOnceAndKeepsTheInterval) {
  SmtpPeer peer;
  const std::string fields = "digest: 60000000000 group_by: 'host'";
  Records records(1);  // web-1
  Sink* sink = &Make(peer, fields);
  DeliverAll(*sink, records, stop_);
  now_ += 50 * kSecond;
  records.Add("a").Add("b").Add("c");  // web-2, web-1, web-2
  DeliverAll(*sink, records, stop_, 2);
  now_ += 10 * kSecond;
  sink->Idle(stop_);  // web-1: 1 and 3
  ASSERT_EQ(peer.mails().size(), 1u);
  ASSERT_EQ(sink->HeldBehind(), RecordId(1));
  records.Add("d");  // web-1 again
  DeliverAll(*sink, records, stop_, 5);

  sink = &Make(peer, fields, sink->SaveState());
  now_ += 20 * kSecond;
  DeliverAll(*sink, records, stop_, 2);
  sink->Idle(stop_);
  EXPECT_EQ(peer.mails().size(), 1u);
  now_ += 30 * kSecond;
  sink->Idle(stop_);  // web-2 was opened 60 s ago; that of 50 s ago waits on
  ASSERT_EQ(peer.mails().size(), 2u);
  EXPECT_EQ(peer.mails()[1].Header("Subject"), "[t] 2 records of web-2");
  now_ += 10 * kSecond;
  sink->Idle(stop_);
  ASSERT_EQ(peer.mails().size(), 3u);
  EXPECT_EQ(peer.mails()[2].Header("Subject"), "[t] 1 record of web-1");
  EXPECT_THAT(peer.mails()[2].Part("text/plain"), HasSubstr("  d\n"));
  EXPECT_FALSE(sink->HeldBehind());
  EXPECT_EQ(sink->SaveState(), "");
}

TEST_F(MailSinkTest, DueMailWaitsUntilEverythingIsReadAgain) {
  SmtpPeer peer;
  const Records records(500);
  Sink* sink = &Make(peer, "digest: 60000000000");
  DeliverAll(*sink, records, stop_);
  sink = &Make(peer, "digest: 60000000000", sink->SaveState());
  now_ += 3600 * kSecond;
  EXPECT_GT(sink->NextIdle(), std::chrono::steady_clock::now());
  DeliverAll(*sink, records, stop_);
  EXPECT_GT(sink->NextIdle(), std::chrono::steady_clock::now());
  sink->Idle(stop_);
  ASSERT_EQ(peer.mails().size(), 1u);
  EXPECT_EQ(peer.mails()[0].Header("Subject"), "[t] 500 records");
}

TEST_F(MailSinkTest, RewoundTargetMailsAgain) {
  SmtpPeer peer;
  Records records(3);  // web-1, web-2, web-1
  Sink* sink = &Make(peer, "digest: 60000000000 group_by: 'host'");
  DeliverAll(*sink, records, stop_);
  now_ += 60 * kSecond;
  sink->Idle(stop_);
  EXPECT_EQ(peer.mails().size(), 2u);
  const std::string state = sink->SaveState();
  epoch_ = 1;
  sink = &Make(peer, "digest: 60000000000 group_by: 'host'", state);
  DeliverAll(*sink, records, stop_);
  now_ += 60 * kSecond;
  sink->Idle(stop_);
  EXPECT_EQ(peer.mails().size(), 4u);
  EXPECT_EQ(peer.mails()[2].Header("Message-ID"), peer.mails()[0].Header("Message-ID"));
}

TEST_F(MailSinkTest, DamagedStateSaysNothing) {
  SmtpPeer peer;
  Sink& sink = Make(peer, "digest: 60000000000", "\xff\xff nonsense");
  EXPECT_EQ(DeliverAll(sink, Records(2), stop_).delivered, 2u);
  now_ += 60 * kSecond;
  sink.Idle(stop_);
  EXPECT_EQ(peer.mails().size(), 1u);
}

TEST_F(MailSinkTest, ClockThatIsSetBackHoldsNothingUp) {
  SmtpPeer peer;
  Sink& sink = Make(peer, "digest: 60000000000");
  DeliverAll(sink, Records(2), stop_);
  now_ -= 86'400 * kSecond;
  sink.Idle(stop_);
  EXPECT_EQ(peer.mails().size(), 1u);
}

TEST_F(MailSinkTest, OldestGroupGoesEarlyWhenThereAreTooMany) {
  SmtpPeer peer;
  Sink& sink = Make(peer, "digest: 3600000000000 group_by: 'message'");
  const Records records(10'003);
  EXPECT_EQ(DeliverAll(sink, records, stop_).delivered, 10'003u);
  const auto mails = peer.mails();
  ASSERT_EQ(mails.size(), 3u);
  EXPECT_EQ(mails[0].Header("Subject"), "[t] 1 record of message 1");
  EXPECT_EQ(mails[2].Header("Subject"), "[t] 1 record of message 3");
  EXPECT_EQ(sink.HeldBehind(), RecordId(3));
}

TEST_F(MailSinkTest, FieldsCannotAddHeadersOrMarkup) {
  SmtpPeer peer;
  Records records(0);
  records.Add("<script>alert(1)</script>\r\n.\r\nBcc: evil@example.com");
  DeliverAll(Make(peer, "digest: 0 group_by: 'message'"), records, stop_);
  const PeerMail mail = peer.mails().at(0);
  EXPECT_EQ(mail.Header("Bcc"), "");
  EXPECT_THAT(mail.Header("Subject"), HasSubstr("Bcc: evil@example.com"));
  EXPECT_EQ(mail.to, std::vector<std::string>{"ops@example.net"});
  EXPECT_THAT(mail.Part("text/html"), Not(HasSubstr("<script>")));
  EXPECT_THAT(mail.Part("text/html"), HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(mail.Part("text/plain"), HasSubstr("<script>"));
}

TEST_F(MailSinkTest, TextThatIsNotAsciiIsEncoded) {
  SmtpPeer peer;
  Records records(0);
  records.Add("größer als 10 €");
  DeliverAll(Make(peer, "digest: 0 group_by: 'message'"), records, stop_);
  const PeerMail mail = peer.mails().at(0);
  EXPECT_TRUE(mail.Header("Subject").starts_with("=?UTF-8?B?")) << mail.Header("Subject");
  EXPECT_THAT(mail.Part("text/plain"), HasSubstr("größer als 10 €"));
  for (const unsigned char c : mail.data) EXPECT_LT(c, 0x80);
}

TEST_F(MailSinkTest, LinesOfAMessageStayLines) {
  SmtpPeer peer;
  Records records(0);
  records.Add("first\n\tsecond <i>\x1b[31m");
  DeliverAll(Make(peer, "digest: 0"), records, stop_);
  const PeerMail mail = peer.mails().at(0);
  EXPECT_THAT(mail.Part("text/html"), HasSubstr(">first\n    second &lt;i&gt;\\x1b[31m</td>"));
  EXPECT_THAT(mail.Part("text/plain"), HasSubstr("  first\n        second <i>\\x1b[31m\n"));
}

TEST_F(MailSinkTest, OwnTemplatesAreUsed) {
  SmtpPeer peer;
  const auto folder = std::filesystem::temp_directory_path();
  const std::string text = folder / ("mail-" + std::to_string(::getpid()) + ".txt");
  const std::string html = folder / ("mail-" + std::to_string(::getpid()) + ".html");
  std::ofstream(text) << "{{#records}}{{id}}={{message}};{{/records}}";
  std::ofstream(html) << "<p title=\"{{group}}\">{{count}}</p>";
  DeliverAll(Make(peer, "digest: 0 group_by: 'app' subject: 'now {{group}}' text_template: '" + text +
                            "' html_template: '" + html + "'"),
             Records(1), stop_);
  const PeerMail mail = peer.mails().at(0);
  EXPECT_EQ(mail.Header("Subject"), "now app");
  EXPECT_THAT(mail.Part("text/plain"), HasSubstr("1=message 1;"));
  EXPECT_THAT(mail.Part("text/html"), HasSubstr("<p title=\"app\">1</p>"));
  std::ofstream(html) << "{{#records}}";
  const auto broken = MakeMailSink(target_, testing::TestContext());
  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(broken.error().reason, FailureReason::kConfiguration);
  std::filesystem::remove(html);
  EXPECT_FALSE(MakeMailSink(target_, testing::TestContext()).has_value());
  std::filesystem::remove(text);
}

std::string EventTags(const std::string& key) {
  std::string tags;
  AppendTag(tags, "event", "17");
  AppendTag(tags, "event.rule", "sshd-guessing");
  AppendTag(tags, "event.severity", "err");
  AppendTag(tags, "event.state", "open");
  AppendTag(tags, "event.key", key);
  AppendTag(tags, "event.count", "12");
  AppendTag(tags, "event.first", "2025-11-21T09:00:00Z");
  AppendTag(tags, "event.last", "2025-11-21T09:05:00Z");
  AppendTag(tags, "event.user", "<root>");
  return tags;
}

TEST_F(MailSinkTest, MailOfAnEventShowsWhatIsKnownOfIt) {
  SmtpPeer peer;
  Records records(0);
  const std::string tags = EventTags("203.0.113.9");
  records.Add("12 failed logins\nfrom 203.0.113.9").all()[0].tags = tags;
  DeliverAll(Make(peer, "digest: 0"), records, stop_);
  const PeerMail mail = peer.mails().at(0);
  EXPECT_EQ(mail.Header("Subject"), "[t] err sshd-guessing open: 12 failed logins");
  for (const char* part : {"text/plain", "text/html"}) {
    for (const char* shown : {"sshd-guessing", "severity: err", "key: 203.0.113.9", "12 failed logins",
                              "count: 12", "first: 2025-11-21T09:00:00Z", "last: 2025-11-21T09:05:00Z"})
      EXPECT_THAT(mail.Part(part), HasSubstr(shown)) << part;
  }
  EXPECT_THAT(mail.Part("text/plain"), HasSubstr("user: <root>\n"));
  EXPECT_THAT(mail.Part("text/html"), HasSubstr("user: &lt;root&gt;"));
}

TEST_F(MailSinkTest, EventsAmongRecordsAreToldApart) {
  SmtpPeer peer;
  Records records(2);
  const std::string tags = EventTags("");
  records.all()[1].tags = tags;
  Sink& sink = Make(peer,
                    "digest: 1000000000 subject: '{{count}}{{#records}} {{#event}}{{tag.event.rule}}"
                    "{{/event}}{{#record}}{{host}}{{/record}}{{/records}}'");
  DeliverAll(sink, records, stop_);
  now_ += 2 * kSecond;
  EXPECT_FALSE(sink.Idle(stop_));
  const PeerMail mail = peer.mails().at(0);
  EXPECT_EQ(mail.Header("Subject"), "2 web-1 sshd-guessing");
  EXPECT_THAT(mail.Part("text/plain"), HasSubstr("message 1\n2025-11-21"));
  EXPECT_THAT(mail.Part("text/plain"), Not(HasSubstr("key:")));
}

TEST_F(MailSinkTest, TemplateFileWithUnknownNameIsRefused) {
  const std::string file =
      std::filesystem::temp_directory_path() / ("mail-bad-" + std::to_string(::getpid()) + ".txt");
  std::ofstream(file) << "{{#records}}{{hosst}}{{/records}}";
  SmtpPeer peer;
  const v1::Target target =
      PreparedTarget("mail { server: '" + peer.server() +
                     "' security: 'none' from: 'a@b' to: 'c@d' text_template: '" + file + "' }");
  YamlErrors errors;
  CheckTargetFiles(target, errors);
  EXPECT_THAT(errors.ToString(),
              HasSubstr("mail.text_template: " + file + ": {{hosst}} stands for nothing here"));
  EXPECT_THAT(errors.ToString(), HasSubstr("did you mean host?"));
  const auto made = MakeMailSink(target, testing::TestContext());
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().reason, FailureReason::kConfiguration);
  std::filesystem::remove(file);
}

TEST_F(MailSinkTest, TestSendsAtOnceAndTellsEachStep) {
  SmtpPeer peer;
  test_ = true;
  DeliverAll(Make(peer), Records(1), stop_);
  EXPECT_EQ(peer.mails().size(), 1u);
  std::vector<std::string> names;
  for (const StepReport& step : steps_) names.push_back(step.step);
  EXPECT_THAT(names, ::testing::IsSupersetOf(
                         std::vector<std::string>{"resolve 127.0.0.1", "connect to " + peer.server(),
                                                  "connect", "RCPT TO:<ops@example.net>", "mail"}));
}

}  // namespace
}  // namespace cistern
