#include <openssl/ssl.h>

#include <thread>

#include "service/forward/syslog_stream_sink.h"
#include "tests/unit/ingest/net/certificates.h"
#include "tests/unit/service/forward/forward_rig.h"
#include "tests/unit/service/forward/stream_server.h"
#include "tests/unit/service/temp_store.h"

namespace cistern {
namespace {

using testing::Certificate;
using testing::Records;
using testing::SinkRig;
using testing::StreamServer;
using testing::Texts;
using testing::Unframe;

class SyslogTls : public ::testing::Test {
 protected:
  SyslogTls() {
    ca_.WriteCertificate(File("ca.pem"));
    records_.AddNumbered(5000, 200);
    UseServerCertificate({.common_name = "server", .alternative_names = "DNS:localhost,IP:127.0.0.1"});
  }
  std::string File(const std::string& name) const { return folder_.path() + "/" + name; }

  void UseServerCertificate(const Certificate::Options& options) {
    const Certificate certificate(options, &ca_);
    context_.reset(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
    SSL_CTX_use_certificate(context_.get(), certificate.x509());
    SSL_CTX_use_PrivateKey(context_.get(), certificate.key());
    SSL_CTX_load_verify_locations(context_.get(), File("ca.pem").c_str(), nullptr);
    server_.reset();
    server_ = std::make_unique<StreamServer>(StreamServer::Behaviour{.tls = context_.get()});
  }
  void AskForClientCertificate() {
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  void WriteClientCertificate(const Certificate& certificate) {
    certificate.WriteCertificate(File("client.pem"));
    certificate.WriteKey(File("client.key"));
  }
  v1::Target Target(const std::string& host = "127.0.0.1") {
    auto target = testing::SyslogTo({host + ":" + std::to_string(server_->port())});
    target.mutable_syslog()->set_transport("tls");
    target.mutable_syslog()->mutable_tls()->set_ca_file(File("ca.pem"));
    return target;
  }
  v1::Target TargetWithCertificate() {
    auto target = Target();
    target.mutable_syslog()->mutable_tls()->set_cert_file(File("client.pem"));
    target.mutable_syslog()->mutable_tls()->set_key_file(File("client.key"));
    return target;
  }
  void ExpectArrives(const v1::Target& target) {
    SinkRig rig(target);
    const Delivery delivery = rig.Offer(records_);
    EXPECT_FALSE(delivery.failure) << delivery.failure->text;
    rig.Close();
    EXPECT_FALSE(rig.sink->ResumeBehind());
    EXPECT_EQ(Unframe(server_->received().back()), Texts(records_));
  }
  Failure ExpectFails(const v1::Target& target) {
    SinkRig rig(target);
    const Delivery delivery = rig.Offer(records_);
    EXPECT_TRUE(delivery.failure);
    return delivery.failure.value_or(Failure{});
  }
  std::string Text(const std::string& rest) const {
    return "TLS with 127.0.0.1:" + std::to_string(server_->port()) + ": " + rest;
  }

  TempFolder folder_;
  const Certificate ca_{{.common_name = "ca", .authority = true}};
  std::shared_ptr<SSL_CTX> context_;
  std::unique_ptr<StreamServer> server_;
  Records records_;
};

TEST_F(SyslogTls, MessagesArriveWithAClientCertificate) {
  AskForClientCertificate();
  WriteClientCertificate(Certificate({.common_name = "client"}, &ca_));
  ExpectArrives(TargetWithCertificate());
}

TEST_F(SyslogTls, NameAndAddressAreChecked) {
  ExpectArrives(Target("localhost"));
  ExpectArrives(Target("127.0.0.1"));
  UseServerCertificate({.common_name = "server", .alternative_names = "DNS:other.example,IP:192.0.2.1"});
  Failure failure = ExpectFails(Target());
  EXPECT_EQ(failure.reason, FailureReason::kTls);
  EXPECT_EQ(failure.text, Text("its certificate is for other.example, not for 127.0.0.1"));
  failure = ExpectFails(Target("localhost"));
  EXPECT_TRUE(failure.text.ends_with("its certificate is for other.example, not for localhost"))
      << failure.text;
  auto target = Target();
  target.mutable_syslog()->mutable_tls()->set_server_name("other.example");
  ExpectArrives(target);
}

TEST_F(SyslogTls, ChainAloneTakesAnyName) {
  UseServerCertificate({.common_name = "server", .alternative_names = "DNS:other.example"});
  auto target = Target();
  target.mutable_syslog()->mutable_tls()->set_verify("chain");
  ExpectArrives(target);
  target.mutable_syslog()->mutable_tls()->clear_ca_file();
  EXPECT_EQ(ExpectFails(target).reason, FailureReason::kTls);
  target.mutable_syslog()->mutable_tls()->set_verify("none");
  ExpectArrives(target);
}

TEST_F(SyslogTls, ExpiredCertificateIsRefused) {
  UseServerCertificate({.common_name = "server", .alternative_names = "IP:127.0.0.1", .days = -1});
  const Failure failure = ExpectFails(Target());
  EXPECT_EQ(failure.reason, FailureReason::kTls);
  EXPECT_TRUE(failure.text.starts_with(Text("certificate of 127.0.0.1 has expired (20"))) << failure.text;
}

TEST_F(SyslogTls, MissingClientCertificateIsTold) {
  AskForClientCertificate();
  SinkRig rig(Target());
  std::optional<Failure> failure = rig.Offer(records_).failure;
  while (!failure) failure = rig.sink->Idle(rig.stop);
  EXPECT_NE(failure->reason, FailureReason::kStopped);
  EXPECT_EQ(rig.sink->ResumeBehind().value_or(RecordId{0}), RecordId{0});
}

TEST_F(SyslogTls, TestFindsOutThatTheClientIsRefused) {
  AskForClientCertificate();
  SinkRig rig(Target(), "", /*test=*/true);
  Records one;
  one.AddNumbered(1);
  const Delivery delivery = rig.Offer(one);
  ASSERT_TRUE(delivery.failure);
  // What the server says may be overtaken by the end of the connection.
  if (delivery.failure->reason != FailureReason::kClosed) {
    EXPECT_EQ(delivery.failure->reason, FailureReason::kTls);
    EXPECT_NE(delivery.failure->text.find("certificate required"), std::string::npos)
        << delivery.failure->text;
  }
}

TEST_F(SyslogTls, FilesAreReadAtEachConnection) {
  AskForClientCertificate();
  const Certificate stranger({.common_name = "stranger", .authority = true});
  WriteClientCertificate(Certificate({.common_name = "client"}, &stranger));
  SinkRig rig(TargetWithCertificate());
  std::optional<Failure> failure = rig.Offer(records_).failure;
  while (!failure) failure = rig.sink->Idle(rig.stop);
  WriteClientCertificate(Certificate({.common_name = "client"}, &ca_));
  EXPECT_FALSE(rig.OfferAgain(records_, 1).failure);
  rig.Close();
  EXPECT_EQ(Unframe(server_->received().back()), Texts(records_));
}

TEST_F(SyslogTls, UnusableFilesAreNamed) {
  auto target = Target();
  target.mutable_syslog()->mutable_tls()->set_ca_file(File("absent.pem"));
  Failure failure = ExpectFails(target);
  EXPECT_EQ(failure.reason, FailureReason::kConfiguration);
  EXPECT_EQ(failure.text, Text("cannot read " + File("absent.pem") + ": No such file or directory"));
  WriteClientCertificate(Certificate({.common_name = "client"}, &ca_));
  Certificate({.common_name = "other"}, &ca_).WriteKey(File("client.key"));
  failure = ExpectFails(TargetWithCertificate());
  EXPECT_EQ(failure.text, Text(File("client.key") + " does not match " + File("client.pem")));
}

TEST_F(SyslogTls, SilentServerTimesOut) {
  StreamServer silent({.hang_after = 0});
  auto target = testing::SyslogTo({silent.address()});
  target.mutable_syslog()->set_transport("tls");
  target.mutable_syslog()->set_connect_timeout(50'000'000);
  EXPECT_EQ(ExpectFails(target).reason, FailureReason::kTimeout);
}

TEST_F(SyslogTls, GoodbyeOfTlsDoesNotSayThatAllWasRead) {
  server_ =
      std::make_unique<StreamServer>(StreamServer::Behaviour{.reset_after = 20'000,
                                                             .hang_after = 1,
                                                             .tls = context_.get(),
                                                             .goodbye = std::chrono::milliseconds(200)});
  SinkRig rig(Target());
  Records few;
  few.AddNumbered(300, 200);
  EXPECT_FALSE(rig.Offer(few).failure);
  std::thread later([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    server_->Wake();
  });
  rig.Close();  // what the server says comes while it waits
  later.join();
  EXPECT_TRUE(rig.sink->ResumeBehind()) << "the connection was reset behind the goodbye";
}

TEST_F(SyslogTls, ResetInTheMiddleSendsTheWindowAgain) {
  server_ =
      std::make_unique<StreamServer>(StreamServer::Behaviour{.reset_after = 400'000, .tls = context_.get()});
  SinkRig rig(Target());
  EXPECT_FALSE(rig.OfferAgain(records_, 3).failure);
  rig.Close();
  if (rig.sink->ResumeBehind()) {  // the reset came when everything was on its way
    EXPECT_FALSE(rig.OfferAgain(records_, 3).failure);
    rig.Close();
  }
  EXPECT_EQ(server_->received().size(), 2u);
  EXPECT_EQ(Unframe(server_->received().back()), Texts(records_));
}

}  // namespace
}  // namespace cistern
