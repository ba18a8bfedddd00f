// TLS listeners: protocol, client certificates, live swap, and peers that misbehave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "ingest/net/tls_identity.h"
#include "tests/unit/ingest/net/certificates.h"
#include "tests/unit/ingest/net/fakes.h"

namespace cistern::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() {
    std::filesystem::create_directories(folder_);
    server_.WriteCertificate(Path("server.crt"));
    server_.WriteKey(Path("server.key"));
    ca_.WriteCertificate(Path("ca.crt"));
  }
  ~TlsTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  ListenerOptions Listener(ClientAuth auth = ClientAuth::kNone) const {
    ListenerOptions options = TcpListener();
    options.name = "tls";
    options.transport = Transport::kTls;
    options.tls.cert_file = Path("server.crt");
    options.tls.key_file = Path("server.key");
    options.tls.client_auth = auth;
    if (auth != ClientAuth::kNone) options.tls.client_ca_file = Path("ca.crt");
    return options;
  }

  ListenError StartError(const ListenerOptions& options) {
    Rig rig;
    const auto started = rig.server->Start({options});
    return started.has_error() ? started.error() : ListenError{};
  }

  // A rename, as tools that renew certificates do it.
  void Replace(const std::string& name, const std::function<void(const std::string&)>& write) {
    write(Path("new"));
    std::filesystem::rename(Path("new"), Path(name));
  }

  const std::string folder_ = ::testing::TempDir() + "/cistern-tls-" + std::to_string(::getpid());
  const Certificate ca_{{.common_name = "test CA", .authority = true}};
  const Certificate server_{{.common_name = "server", .alternative_names = "DNS:localhost"}, &ca_};
  const Certificate client_{{.common_name = "cn", .alternative_names = "DNS:web-1.example"}, &ca_};
};

class TlsVersionTest : public TlsTest, public ::testing::WithParamInterface<int> {};

TEST_P(TlsVersionTest, MessagesArrive) {
  Rig rig;
  rig.Start({Listener()});
  TlsClient client(rig.address(), {.min_version = GetParam(), .max_version = GetParam()});
  ASSERT_TRUE(client.connected());
  client.Send("8 <13>one\n");
  client.Send("<13>two\n");
  client.Close();
  const auto records = rig.sink.WaitFor(2);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].transport, Transport::kTls);
  EXPECT_EQ(records[0].listener, "tls");
  EXPECT_EQ(records[0].tls_identity, "");
  EXPECT_EQ(records[1].message, "two");
  EXPECT_FALSE(client.got_ticket());
  EXPECT_EQ(rig.events.WaitForClosed().reason, CloseReason::kPeerClosed);
}
INSTANTIATE_TEST_SUITE_P(Versions, TlsVersionTest, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& info) { return info.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

TEST_F(TlsTest, LargeStreamKeepsEveryMessageInOrder) {
  Rig rig;
  rig.Start({Listener()});
  TlsClient client(rig.address());
  constexpr int kCount = 20'000;
  std::string stream;
  for (int i = 0; i < kCount; ++i) stream += "<13>" + std::string(i % 200, 'x') + std::to_string(i) + "\n";
  client.Send(stream);
  const auto records = rig.sink.WaitFor(kCount);
  ASSERT_EQ(records.size(), static_cast<std::size_t>(kCount));
  for (int i = 0; i < kCount; ++i)
    ASSERT_EQ(records[i].raw, "<13>" + std::string(i % 200, 'x') + std::to_string(i));
  EXPECT_EQ(rig.events.octets(), stream.size());
}

TEST_F(TlsTest, OldProtocolIsRefused) {
  Rig rig;
  rig.Start({Listener()});
  EXPECT_FALSE(TlsClient(rig.address(), {.max_version = TLS1_1_VERSION}).connected());
  const SeenClose closed = rig.events.WaitForClosed();
  EXPECT_EQ(closed.reason, CloseReason::kHandshakeFailed);
  EXPECT_THAT(closed.detail, HasSubstr("protocol"));
  EXPECT_FALSE(closed.was_open);
}

TEST_F(TlsTest, CipherWithoutForwardSecrecyIsRefused) {
  Rig rig;
  rig.Start({Listener()});
  const TlsClient::Options options{.max_version = TLS1_2_VERSION,
                                   .ciphers = "AES128-SHA:ECDHE-ECDSA-AES128-SHA"};
  EXPECT_FALSE(TlsClient(rig.address(), options).connected());
  EXPECT_THAT(rig.events.WaitForClosed().detail, HasSubstr("no shared cipher"));
}

TEST_F(TlsTest, RequiredClientCertificateGivesTheIdentity) {
  Rig rig;
  rig.Start({Listener(ClientAuth::kRequired)});
  TlsClient client(rig.address(), {.certificate = &client_});
  client.Send("<13>x\n");
  EXPECT_EQ(rig.sink.WaitFor(1)[0].tls_identity, "web-1.example");
}

TEST_F(TlsTest, RequiredClientCertificateMissingIsRefused) {
  Rig rig;
  rig.Start({Listener(ClientAuth::kRequired)});
  TlsClient client(rig.address());
  const SeenClose closed = rig.events.WaitForClosed();
  EXPECT_EQ(closed.reason, CloseReason::kHandshakeFailed);
  EXPECT_THAT(closed.detail, HasSubstr("peer did not return a certificate"));
}

TEST_F(TlsTest, OptionalClientCertificateMayBeMissing) {
  Rig rig;
  rig.Start({Listener(ClientAuth::kOptional)});
  TlsClient without(rig.address());
  without.Send("<13>without\n");
  EXPECT_EQ(rig.sink.WaitFor(1)[0].tls_identity, "");
  TlsClient with(rig.address(), {.certificate = &client_});
  with.Send("<13>with\n");
  EXPECT_EQ(rig.sink.WaitFor(2)[1].tls_identity, "web-1.example");
}

TEST_F(TlsTest, ForeignAndExpiredClientCertificatesAreRefused) {
  const Certificate foreign({.common_name = "foreign"});
  const Certificate expired({.common_name = "expired", .days = -1}, &ca_);
  Rig rig;
  rig.Start({Listener(ClientAuth::kOptional)});
  TlsClient first(rig.address(), {.certificate = &foreign});
  EXPECT_THAT(rig.events.WaitForClosed(1).detail, HasSubstr("self-signed"));
  TlsClient second(rig.address(), {.certificate = &expired});
  EXPECT_THAT(rig.events.WaitForClosed(2).detail, HasSubstr("expired"));
}

TEST_F(TlsTest, PlaintextSenderIsRecognised) {
  Rig rig;
  rig.Start({Listener()});
  Client client(rig.address(), SOCK_STREAM);
  client.Send("<13>hello\n");
  EXPECT_EQ(rig.events.WaitForClosed().reason, CloseReason::kPlaintextOnTls);
  EXPECT_TRUE(client.WaitForClose());
}

TEST_F(TlsTest, StalledHandshakeEndsAndDelaysNobody) {
  ListenerOptions options = Listener();
  options.tls.handshake_timeout = 100ms;
  Rig rig({.io_threads = 1});
  rig.Start({options});
  Client stalled(rig.address(), SOCK_STREAM);
  stalled.Send("\x16\x03\x01");
  TlsClient client(rig.address());
  client.Send("<13>not delayed\n");
  EXPECT_THAT(Messages(rig.sink.WaitFor(1)), ElementsAre("not delayed"));
  EXPECT_EQ(rig.events.WaitForClosed().reason, CloseReason::kHandshakeTimeout);
  EXPECT_TRUE(stalled.WaitForClose());
}

TEST_F(TlsTest, StalledHandshakeDoesNotHoldUpDrain) {
  Rig rig;
  rig.Start({Listener()});
  Client stalled(rig.address(), SOCK_STREAM);
  rig.Drain();
  EXPECT_EQ(rig.events.WaitForClosed().reason, CloseReason::kDraining);
}

TEST_F(TlsTest, EndWithoutCloseNotifyMarksTheUnfinishedMessage) {
  Rig rig;
  rig.Start({Listener()});
  TlsClient client(rig.address());
  client.Send("50 <13>cut off");
  client.Cut();
  const auto records = rig.sink.WaitFor(1);
  EXPECT_NE(records[0].flags & kFlagPartialFrame, 0u);
  const SeenClose closed = rig.events.WaitForClosed();
  EXPECT_EQ(closed.reason, CloseReason::kPeerClosed);
  EXPECT_EQ(closed.detail, "closed without close_notify");
}

TEST_F(TlsTest, DrainReadsWhatWasSent) {
  Rig rig;
  rig.Start({Listener()});
  TlsClient client(rig.address());
  ASSERT_TRUE(rig.events.WaitForOpened(1));
  for (int i = 0; i < 1000; ++i) client.Send("<13>x\n");
  rig.Drain();
  const SeenClose closed = rig.events.WaitForClosed();
  EXPECT_EQ(closed.reason, CloseReason::kDraining) << closed.detail;
  EXPECT_EQ(rig.sink.records().size(), 1000u);
}

TEST_F(TlsTest, NewPairIsUsedForNewHandshakesAndOldConnectionsGoOn) {
  Rig rig;
  rig.Start({Listener()});
  EXPECT_EQ(rig.events.WaitForCertificate(1).not_after, server_.not_after());
  TlsClient old(rig.address());
  const Certificate renewed({.common_name = "renewed", .days = 3}, &ca_);
  Replace("server.key", [&](const std::string& path) { renewed.WriteKey(path); });
  Replace("server.crt", [&](const std::string& path) { renewed.WriteCertificate(path); });
  // A check between the two renames would see a pair that does not match, settle, and report it first.
  std::size_t loads = 2;
  while (!rig.events.WaitForCertificate(loads).error.empty()) ++loads;
  EXPECT_EQ(rig.server->Status().at(0).certificate_not_after, renewed.not_after());
  TlsClient fresh(rig.address());
  EXPECT_EQ(X509_cmp(fresh.server_certificate(), renewed.x509()), 0);
  old.Send("<13>old\n");
  EXPECT_THAT(Messages(rig.sink.WaitFor(1)), ElementsAre("old"));
}

TEST_F(TlsTest, SwappedSymlinkIsNoticed) {
  const Certificate other({.common_name = "other", .days = 5}, &ca_);
  std::filesystem::create_directories(Path("one"));
  std::filesystem::create_directories(Path("two"));
  server_.WriteCertificate(Path("one/tls.crt"));
  server_.WriteKey(Path("one/tls.key"));
  other.WriteCertificate(Path("two/tls.crt"));
  other.WriteKey(Path("two/tls.key"));
  std::filesystem::create_directory_symlink("one", Path("current"));
  ListenerOptions options = Listener();
  options.tls.cert_file = Path("current/tls.crt");
  options.tls.key_file = Path("current/tls.key");
  Rig rig;
  rig.Start({options});
  std::filesystem::create_directory_symlink("two", Path("next"));
  std::filesystem::rename(Path("next"), Path("current"));
  const SeenCertificate loaded = rig.events.WaitForCertificate(2);
  EXPECT_EQ(loaded.error, "");
  EXPECT_EQ(loaded.not_after, other.not_after());
}

TEST_F(TlsTest, BadNewPairKeepsTheOldOne) {
  Rig rig;
  rig.Start({Listener()});
  Replace("server.crt", [](const std::string& path) { std::ofstream(path) << "garbage"; });
  const SeenCertificate refused = rig.events.WaitForCertificate(2);
  EXPECT_EQ(refused.listener, "tls");
  EXPECT_THAT(refused.error, HasSubstr("server.crt holds no PEM certificate"));
  TlsClient client(rig.address());
  EXPECT_EQ(X509_cmp(client.server_certificate(), server_.x509()), 0);
}

TEST_F(TlsTest, ReconfigureWithABadPairChangesNothing) {
  Rig rig;
  rig.Start({Listener()});
  ListenerOptions bad = Listener();
  bad.tls.key_file = Path("nowhere.key");
  const auto result = rig.server->Reconfigure({bad}, nullptr);
  ASSERT_TRUE(result.has_error());
  EXPECT_TRUE(result.error().configuration);
  EXPECT_TRUE(TlsClient(rig.address()).connected());
}

TEST_F(TlsTest, KeyOfAnotherCertificateIsRefusedAtStart) {
  client_.WriteKey(Path("server.key"));
  const ListenError error = StartError(Listener());
  EXPECT_TRUE(error.configuration);
  EXPECT_THAT(error.message, StartsWith("listener \"tls\": "));
  EXPECT_THAT(error.message, HasSubstr("server.key does not match"));
  EXPECT_THAT(error.message, EndsWith("server.crt"));
}

TEST_F(TlsTest, MissingFileIsNamedAtStart) {
  std::filesystem::remove(Path("server.key"));
  const ListenError error = StartError(Listener());
  EXPECT_TRUE(error.configuration);
  EXPECT_EQ(error.message,
            "listener \"tls\": cannot read " + Path("server.key") + ": No such file or directory");
}

TEST_F(TlsTest, HalfAPairIsRefusedAtStart) {
  ListenerOptions options = Listener();
  options.tls.key_file.clear();
  EXPECT_EQ(StartError(options).message, "listener \"tls\": key_file is missing");
  options = Listener();
  options.tls.cert_file.clear();
  EXPECT_EQ(StartError(options).message, "listener \"tls\": cert_file is missing");
}

TEST_F(TlsTest, EncryptedKeyIsRefusedWithoutAsking) {
  server_.WriteKey(Path("server.key"), "secret");
  EXPECT_THAT(StartError(Listener()).message, HasSubstr("encrypted keys are not supported"));
}

TEST_F(TlsTest, UnusableCaFileIsRefusedAtStart) {
  std::ofstream(Path("ca.crt")) << "garbage";
  EXPECT_THAT(StartError(Listener(ClientAuth::kRequired)).message, HasSubstr("ca.crt holds no usable PEM"));
}

TEST_F(TlsTest, ClientCertificatesWithoutCaAreRefusedAtStart) {
  ListenerOptions options = Listener(ClientAuth::kRequired);
  options.tls.client_ca_file.clear();
  EXPECT_THAT(StartError(options).message, HasSubstr("client_ca_file is needed"));
}

struct IdentityCase {
  const char* name;
  const char* alternative_names;
  const char* identity;
};

class IdentityTest : public ::testing::TestWithParam<IdentityCase> {};

TEST_P(IdentityTest, BestNameIsChosen) {
  const Certificate certificate(
      {.common_name = "common name", .alternative_names = GetParam().alternative_names});
  EXPECT_EQ(CertificateIdentity(certificate.x509()), GetParam().identity);
}

INSTANTIATE_TEST_SUITE_P(
    Names, IdentityTest,
    ::testing::Values(IdentityCase{"Dns", "IP:192.0.2.1,URI:spiffe://a/b,DNS:a.example,DNS:b.example",
                                   "a.example"},
                      IdentityCase{"Uri", "email:x@y.example,IP:192.0.2.1,URI:spiffe://a/b", "spiffe://a/b"},
                      IdentityCase{"Ipv4", "email:x@y.example,IP:192.0.2.1", "192.0.2.1"},
                      IdentityCase{"Ipv6", "IP:2001:db8::1", "2001:db8::1"},
                      IdentityCase{"Email", "email:x@y.example", "x@y.example"},
                      IdentityCase{"CommonName", "", "common name"}),
    [](const auto& info) { return info.param.name; });

TEST(IdentityLengthTest, LongNameIsCut) {
  const Certificate certificate({.alternative_names = "URI:spiffe://" + std::string(1000, 'a')});
  EXPECT_EQ(CertificateIdentity(certificate.x509()).size(), 255u);
}

}  // namespace
}  // namespace cistern::testing
