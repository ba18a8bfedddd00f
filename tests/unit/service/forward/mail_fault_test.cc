// What a mail server can do to a target.
#include <stdlib.h>

#include <filesystem>
#include <future>
#include <set>

#include "service/forward/mail_sink.h"
#include "sink_driver.h"
#include "smtp_peer.h"

namespace cistern {
namespace {

using testing::DeliverAll;
using ::testing::HasSubstr;
using testing::Outcome;
using testing::PreparedTarget;
using testing::Records;
using testing::SmtpPeer;
using testing::TestCertificate;

class MailFaultTest : public ::testing::Test {
 protected:
  Sink& Make(const SmtpPeer& peer, const std::string& fields = "digest: 0",
             const std::string& security = "none") {
    target_ = PreparedTarget("mail { server: '" + peer.server() + "' security: '" + security +
                             "' from: 'cistern@example.net' to: 'a@example.net' to: 'b@example.net' " +
                             fields + " }");
    auto context = testing::TestContext();
    context.is_own_address = [this](const std::string&, const std::string&, std::uint16_t port) {
      return port == own_port_;
    };
    auto sink = MakeMailSink(target_, std::move(context), [this] { return now_; });
    EXPECT_TRUE(sink.has_value()) << sink.error().text;
    sink_ = std::move(*sink);
    return *sink_;
  }
  // One mail to a server that answers `command` (its start) with `answer`.
  Outcome Send(const std::string& command, const std::string& answer, std::size_t* mails = nullptr) {
    SmtpPeer peer(
        {.answer = [&](const std::string& said) { return said.starts_with(command) ? answer : ""; }});
    const auto outcome = DeliverAll(Make(peer), Records(1), stop_);
    if (mails != nullptr) *mails = peer.mails().size();
    return outcome;
  }

  Stop stop_;
  std::uint16_t own_port_ = 0;
  std::int64_t now_ = Records::kStart;
  v1::Target target_;
  std::unique_ptr<Sink> sink_;
};

TEST_F(MailFaultTest, WhatIsRefusedForGoodIsADeadLetterWithTheWordsOfTheServer) {
  for (const char* command : {"MAIL", "RCPT", "DATA", "mail"}) {
    const auto outcome = Send(command, "550 we do not like it");
    EXPECT_FALSE(outcome.failure) << command << ": " << outcome.failure->text;
    EXPECT_EQ(outcome.delivered, 1u);
    ASSERT_EQ(outcome.refused.size(), 1u) << command;
    EXPECT_THAT(outcome.refused[0].reason, HasSubstr("550 we do not like it"));
  }
}

TEST_F(MailFaultTest, WhatIsRefusedForNowIsTriedAgain) {
  for (const char* command : {"MAIL", "RCPT", "DATA", "mail"}) {
    const auto outcome = Send(command, "451 come back later");
    ASSERT_TRUE(outcome.failure) << command;
    EXPECT_EQ(outcome.failure->reason, FailureReason::kRejected);
    EXPECT_THAT(outcome.failure->text, HasSubstr("451 come back later"));
    EXPECT_EQ(outcome.delivered, 0u);
    EXPECT_TRUE(outcome.refused.empty());
  }
  EXPECT_TRUE(Send("connect", "554 go away").failure);
  EXPECT_TRUE(Send("MAIL", "530 authentication required").failure);
}

TEST_F(MailFaultTest, RefusedRecipientIsToldWhileTheOthersHaveTheMail) {
  std::size_t mails = 0;
  const auto outcome = Send("RCPT TO:<b@", "550 unknown", &mails);
  EXPECT_FALSE(outcome.failure);
  EXPECT_EQ(mails, 1u);
  ASSERT_EQ(outcome.refused.size(), 1u);
  EXPECT_EQ(outcome.refused[0].reason, "RCPT TO:<b@example.net>: 550 unknown");
}

TEST_F(MailFaultTest, ConnectionThatBreaksIsAFailureUnlessTheMailWasTaken) {
  for (const char* command : {"connect", "EHLO", "MAIL", "RCPT TO:<b", "DATA", "mail"}) {
    const auto outcome = Send(command, "reset");
    ASSERT_TRUE(outcome.failure) << command;
    EXPECT_TRUE(outcome.refused.empty());
    EXPECT_EQ(outcome.delivered, 0u);
  }
}

TEST_F(MailFaultTest, ServerThatHangsEndsAtTheTimeout) {
  for (const char* command : {"connect", "RCPT", "mail"}) {
    SmtpPeer peer(
        {.answer = [&](const std::string& said) { return said.starts_with(command) ? "hang" : ""; }});
    const auto outcome = DeliverAll(Make(peer, "digest: 0 timeout: 200000000"), Records(1), stop_);
    ASSERT_TRUE(outcome.failure) << command;
    EXPECT_EQ(outcome.failure->reason, FailureReason::kTimeout) << outcome.failure->text;
  }
}

TEST_F(MailFaultTest, StopEndsADialogThatHangs) {
  std::promise<void> asked;
  SmtpPeer peer({.answer = [&](const std::string& said) {
    if (!said.starts_with("RCPT TO:<b")) return said.starts_with("RCPT") ? "550 unknown" : "";
    asked.set_value();
    return "hang";
  }});
  Sink& sink = Make(peer, "digest: 0 timeout: 3600000000000");
  auto outcome = std::async(std::launch::async, [&] { return DeliverAll(sink, Records(1), stop_); });
  asked.get_future().wait();
  stop_.Request();
  const auto ended = outcome.get();
  ASSERT_TRUE(ended.failure);
  EXPECT_EQ(ended.failure->reason, FailureReason::kStopped);
  EXPECT_TRUE(ended.refused.empty());
}

TEST_F(MailFaultTest, DigestSurvivesAServerThatIsAway) {
  bool away = true;
  SmtpPeer peer(
      {.answer = [&](const std::string& said) { return away && said == "connect" ? "421 away" : ""; }});
  Sink& sink = Make(peer, "digest: 60000000000");
  Records records(3);
  DeliverAll(sink, records, stop_);
  now_ += 61'000'000'000;
  EXPECT_TRUE(sink.Idle(stop_));
  EXPECT_EQ(sink.HeldBehind(), RecordId(0));
  records.Add("meanwhile");
  DeliverAll(sink, records, stop_);  // what was taken already is offered again and passed over
  away = false;
  EXPECT_FALSE(sink.Idle(stop_));
  ASSERT_EQ(peer.mails().size(), 1u);
  EXPECT_EQ(peer.mails()[0].Header("Subject"), "[t] 4 records");
}

TEST_F(MailFaultTest, RefusedDigestIsADeadLetterForEachOfItsRecords) {
  bool refuse = true;
  SmtpPeer peer(
      {.answer = [&](const std::string& said) { return refuse && said == "mail" ? "554 spam" : ""; }});
  Sink& sink = Make(peer, "digest: 60000000000 group_by: 'host' show: 1");
  const Records records(300);
  DeliverAll(sink, records, stop_);
  now_ += 60'000'000'000;
  EXPECT_FALSE(sink.Idle(stop_));
  EXPECT_EQ(sink.HeldBehind(), RecordId(0));
  std::set<std::uint64_t> ids;
  for (const Refusal& refusal : sink.TakeRefused()) ids.insert(ToInt(refusal.id));
  EXPECT_EQ(ids.size(), 300u);
  EXPECT_EQ(*ids.rbegin(), 300u);
  EXPECT_FALSE(sink.HeldBehind());

  refuse = false;
  RecordsView view(records.from(1));
  const std::vector<std::uint32_t> rows = {0, 2, 299};
  const Delivery delivery = sink.DeliverLetters({view, rows}, stop_);
  EXPECT_EQ(delivery.taken, 3u);
  EXPECT_FALSE(delivery.failure);
  ASSERT_EQ(peer.mails().size(), 2u);
  EXPECT_EQ(peer.mails()[0].Header("Subject"), "[t] 2 records of web-1");
}

TEST_F(MailFaultTest, TlsIsRequiredAndTheServerMustBeTheRightOne) {
  const TestCertificate right("127.0.0.1"), other("mail.example.net");
  const auto path =
      std::filesystem::temp_directory_path() / ("mail-ca-" + std::to_string(::getpid()) + ".pem");
  const std::string tls = "digest: 0 tls { ca_file: '" + path.string() + "' }";
  right.Write(path);
  SmtpPeer starttls({.certificate = &right}), at_once({.certificate = &right, .tls_at_once = true}), plain;
  EXPECT_FALSE(DeliverAll(Make(starttls, tls, "starttls"), Records(1), stop_).failure);
  EXPECT_TRUE(starttls.mails().at(0).tls);
  EXPECT_FALSE(DeliverAll(Make(at_once, tls, "tls"), Records(1), stop_).failure);
  EXPECT_EQ(at_once.mails().size(), 1u);
  const auto without = DeliverAll(Make(plain, tls, "starttls"), Records(1), stop_).failure;
  ASSERT_TRUE(without);
  EXPECT_EQ(without->reason, FailureReason::kTls);
  EXPECT_TRUE(plain.mails().empty());
  other.Write(path);
  SmtpPeer wrong({.certificate = &other});
  const auto failure = DeliverAll(Make(wrong, tls, "starttls"), Records(1), stop_).failure;
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, FailureReason::kTls);
  std::filesystem::remove(path);
}

TEST_F(MailFaultTest, PasswordIsSentInsideTlsAndNeverTold) {
  ::setenv("MAIL_SINK_TEST_SECRET", "s3cret", 1);
  const TestCertificate right("127.0.0.1");
  const auto path =
      std::filesystem::temp_directory_path() / ("mail-ca-" + std::to_string(::getpid()) + ".pem");
  right.Write(path);
  const std::string fields =
      "digest: 0 user: 'bob' password: 'env:MAIL_SINK_TEST_SECRET' tls { ca_file: '" + path.string() + "' }";
  SmtpPeer peer({.certificate = &right, .auth = true});
  EXPECT_FALSE(DeliverAll(Make(peer, fields, "starttls"), Records(1), stop_).failure);
  EXPECT_EQ(peer.mails().at(0).auth, "AGJvYgBzM2NyZXQ=");
  SmtpPeer refusing({.certificate = &right, .auth = true, .answer = [](const std::string& said) {
                       return said == "AUTH" ? "535 no" : "";
                     }});
  const auto failure = DeliverAll(Make(refusing, fields, "starttls"), Records(1), stop_).failure;
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, FailureReason::kAuth);
  EXPECT_EQ(failure->text.find("s3cret"), std::string::npos);
  std::filesystem::remove(path);
}

TEST_F(MailFaultTest, OwnAddressIsNotConnectedTo) {
  SmtpPeer peer;
  own_port_ = peer.port();
  const auto failure = DeliverAll(Make(peer), Records(1), stop_).failure;
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, FailureReason::kLoop);
}

}  // namespace
}  // namespace cistern
