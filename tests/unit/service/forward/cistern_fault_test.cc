// A Cistern target whose other side misbehaves.
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <mutex>
#include <thread>

#include "cistern/v1/admin_service.grpc.pb.h"
#include "cistern/v1/log_service.grpc.pb.h"
#include "tests/unit/ingest/net/certificates.h"
#include "tests/unit/service/forward/sink_rig.h"

namespace cistern {
namespace {

using testing::Certificate;
using namespace std::chrono_literals;

// Commits at once what holds no `poison`; says nothing while `silent`.
class OtherSide final : public v1::LogService::Service, public v1::AdminService::Service {
 public:
  explicit OtherSide(
      std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials()) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", credentials, &port);
    builder.RegisterService(static_cast<v1::LogService::Service*>(this));
    builder.RegisterService(static_cast<v1::AdminService::Service*>(this));
    server_ = builder.BuildAndStart();
    address = "127.0.0.1:" + std::to_string(port);
  }
  ~OtherSide() override { Break(); }
  void Break() { server_->Shutdown(std::chrono::system_clock::now()); }

  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest*,
                         v1::GetStatusResponse* response) override {
    for (const auto& [name, value] : context->client_metadata()) {
      if (name == "authorization") token = std::string(value.data(), value.size());
    }
    if (!wanted_token.empty() && token != wanted_token)
      return {grpc::StatusCode::UNAUTHENTICATED, "the token is not known"};
    response->set_store_id(std::string(32, 'b'));
    return grpc::Status::OK;
  }

  grpc::Status Ingest(grpc::ServerContext* context,
                      grpc::ServerReaderWriter<v1::IngestResponse, v1::IngestRequest>* stream) override {
    v1::IngestRequest request;
    while (stream->Read(&request)) {
      if (silent && request.records_size() > 0) {
        while (!context->IsCancelled()) std::this_thread::yield();
        return grpc::Status::CANCELLED;
      }
      for (const auto& record : request.records()) {
        if (record.parsed().raw().find("poison") != std::string::npos)
          return {grpc::StatusCode::INVALID_ARGUMENT, "records: one is poison"};
      }
      Take(request);
      v1::IngestResponse response;
      response.set_committed_sequence(committed);
      stream->Write(response);
    }
    return grpc::Status::OK;
  }

  std::string address, token, wanted_token, client_id;
  std::atomic<bool> silent{false};
  std::uint64_t committed = 0;
  std::vector<std::string> texts;
  int requests = 0;

 private:
  void Take(const v1::IngestRequest& request) {
    if (!request.client_id().empty()) client_id = request.client_id();
    if (request.records().empty()) return;
    EXPECT_TRUE(request.relayed());
    EXPECT_GT(request.sequence(), committed);
    committed = request.sequence();
    ++requests;
    for (const auto& record : request.records()) texts.push_back(record.parsed().raw());
  }

  std::unique_ptr<grpc::Server> server_;
};

class CisternFaultTest : public SinkTest {
 protected:
  CisternFaultTest() : SinkTest(&MakeCisternSink) {}
  void SetUp() override {
    for (std::uint64_t id = 1; id <= 1000; ++id)
      rows_.Add(id, "<13>1 - h a - - - number " + std::to_string(id));
  }
  void Define(const std::string& address) { target_.mutable_cistern()->set_address(address); }
  Failure FailureOf(const std::string& address) {
    Define(address);
    return SinkTest::FailureOf(rows_.batch);
  }
  Rows rows_;
};

// A socket that is bound, and listens or refuses.
class Port {
 public:
  explicit Port(bool listens) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    if (listens) {
      EXPECT_EQ(listen(fd_, 8), 0);
    }
    text = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~Port() { close(fd_); }
  std::string text;

 private:
  const int fd_;
};

TEST_F(CisternFaultTest, WhoeverRefusesOrHasNoNameIsToldApart) {
  const Port closed(false);
  const Failure refused = FailureOf(closed.text);
  EXPECT_EQ(refused.reason, FailureReason::kConnect);
  EXPECT_EQ(refused.text, "connect to " + closed.text + ": refused");
  target_.mutable_cistern()->mutable_tls();
  EXPECT_EQ(FailureOf("no-such-host.invalid:5141").reason, FailureReason::kResolve);
}

TEST_F(CisternFaultTest, WhoeverAcceptsAndSaysNothingTimesOutOrIsLeftAtAStop) {
  const Port hung(true);
  target_.mutable_cistern()->set_connect_timeout(50'000'000);
  const Failure late = FailureOf(hung.text);
  EXPECT_EQ(late.reason, FailureReason::kTimeout);
  EXPECT_EQ(late.text, "connect to " + hung.text + ": took longer than 50 ms");
  target_.mutable_cistern()->set_connect_timeout(3'600'000'000'000);
  std::thread stopper([&] { stop_.Request(); });
  EXPECT_EQ(FailureOf(hung.text).reason, FailureReason::kStopped);
  stopper.join();
}

TEST_F(CisternFaultTest, AMissingAcknowledgementTimesOutOrIsLeftAtAStop) {
  OtherSide other;
  other.silent = true;
  target_.mutable_cistern()->set_ack_timeout(50'000'000);
  const Failure late = FailureOf(other.address);
  EXPECT_EQ(late.reason, FailureReason::kTimeout);
  EXPECT_NE(late.text.find("acknowledgement"), std::string::npos);
  target_.mutable_cistern()->set_ack_timeout(3'600'000'000'000);
  std::thread stopper([&] { stop_.Request(); });
  EXPECT_EQ(FailureOf(other.address).reason, FailureReason::kStopped);
  stopper.join();
  stop_.Clear();
  other.silent = false;
  EXPECT_EQ(Deliver(rows_.batch).taken, 1000u);
  EXPECT_EQ(other.texts.size(), 1000u);
}

TEST_F(CisternFaultTest, OnlyTheRecordsThatAreRefusedAreLeftOut) {
  OtherSide other;
  rows_.batch.records()[0].raw = rows_.batch.records()[500].raw = rows_.batch.records()[501].raw =
      rows_.batch.records()[999].raw = "<13>1 - h a - - - poison";
  for (Record& record : rows_.batch.records()) record.shape.code = 0;
  Define(other.address);
  Make();
  const auto delivery = Deliver(rows_.batch);
  ASSERT_FALSE(delivery.failure) << delivery.failure->text;
  EXPECT_EQ(delivery.taken, 1000u);
  std::vector<std::uint64_t> refused;
  for (const auto& refusal : delivery.refused) {
    refused.push_back(ToInt(refusal.id));
    EXPECT_EQ(refusal.reason, "records: one is poison");
  }
  EXPECT_EQ(refused, (std::vector<std::uint64_t>{1, 501, 502, 1000}));
  ASSERT_EQ(other.texts.size(), 996u);
  EXPECT_EQ(other.texts.front(), rows_.batch.records()[1].raw);
  EXPECT_EQ(other.texts[500], rows_.batch.records()[503].raw);
  EXPECT_LT(other.requests, 100);
}

TEST_F(CisternFaultTest, ABrokenConnectionIsAFailureAndNothingIsTakenThatWasNotAcknowledged) {
  auto other = std::make_unique<OtherSide>();
  Define(other->address);
  Make();
  EXPECT_EQ(Offer({rows_.batch.records().begin(), rows_.batch.records().begin() + 10}).taken, 10u);
  EXPECT_EQ(sink_->endpoint(), other->address);
  other->silent = true;
  std::thread breaker([&] { other->Break(); });
  const auto delivery = Offer({rows_.batch.records().begin() + 10, rows_.batch.records().end()});
  breaker.join();
  ASSERT_TRUE(delivery.failure);
  EXPECT_TRUE(delivery.failure->reason == FailureReason::kClosed ||
              delivery.failure->reason == FailureReason::kConnect)
      << delivery.failure->text;
  EXPECT_EQ(delivery.taken, 0u);
  EXPECT_EQ(sink_->endpoint(), "");
}

TEST_F(CisternFaultTest, TheTokenIsSentAndARefusalOfItIsAnErrorOfItsOwn) {
  OtherSide other;
  other.wanted_token = "Bearer secret";
  const TempFolder folder;
  target_.mutable_cistern()->set_token("file:" + folder.path() + "/token");
  std::ofstream(folder.path() + "/token") << "secret\n";
  Define(other.address);
  Make();
  EXPECT_FALSE(Deliver(rows_.batch).failure);
  EXPECT_EQ(other.client_id, "target:" + std::string(kOrigin) + ":second");
  std::ofstream(folder.path() + "/token") << "wrong\n";
  const Failure refused = FailureOf(other.address);
  EXPECT_EQ(refused.reason, FailureReason::kAuth);
  EXPECT_EQ(refused.text.find("wrong"), std::string::npos);
  std::ofstream(folder.path() + "/token") << "two\nlines\n";
  const auto made = MakeCisternSink(target_, {});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().reason, FailureReason::kConfiguration);
}

class CisternTlsTest : public CisternFaultTest {
 protected:
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }
  static std::string Read(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::shared_ptr<grpc::ServerCredentials> Credentials(const Certificate& certificate) {
    ca_.WriteCertificate(Path("ca.pem"));
    certificate.WriteCertificate(Path("server.pem"));
    certificate.WriteKey(Path("server.key"));
    grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = Read(Path("ca.pem"));
    options.pem_key_cert_pairs.push_back({Read(Path("server.key")), Read(Path("server.pem"))});
    return grpc::SslServerCredentials(options);
  }
  v1::TlsClientConfig& Tls() { return *target_.mutable_cistern()->mutable_tls(); }
  void ShowCertificate() {
    const Certificate client({.common_name = "client", .alternative_names = "DNS:client.example"}, &ca_);
    client.WriteCertificate(Path("client.pem"));
    client.WriteKey(Path("client.key"));
    Tls().set_ca_file(Path("ca.pem"));
    Tls().set_cert_file(Path("client.pem"));
    Tls().set_key_file(Path("client.key"));
  }

  TempFolder folder_;
  const Certificate ca_{{.common_name = "ca", .authority = true}};
};

TEST_F(CisternTlsTest, BothSidesAreVerified) {
  OtherSide other(Credentials(Certificate({.alternative_names = "IP:127.0.0.1"}, &ca_)));
  ShowCertificate();
  Define(other.address);
  Make();
  const auto delivery = Deliver(rows_.batch);
  ASSERT_FALSE(delivery.failure) << delivery.failure->text;
  EXPECT_EQ(other.texts.size(), 1000u);
  Tls().clear_cert_file();
  Tls().clear_key_file();
  const Failure refused = FailureOf(other.address);
  EXPECT_TRUE(refused.reason == FailureReason::kTls || refused.reason == FailureReason::kConnect)
      << refused.text;
}

TEST_F(CisternTlsTest, TheNameIsCheckedAndCanBeGiven) {
  OtherSide other(Credentials(Certificate({.alternative_names = "DNS:logs.example.net"}, &ca_)));
  ShowCertificate();
  const Failure wrong = FailureOf(other.address);
  EXPECT_EQ(wrong.reason, FailureReason::kTls);
  EXPECT_EQ(wrong.text, "TLS with " + other.address + ": the certificate is for another name");
  Tls().set_server_name("logs.example.net");
  Make();
  EXPECT_FALSE(Deliver(rows_.batch).failure);
  Tls().clear_server_name();
  Tls().set_verify("chain");
  Make();
  EXPECT_FALSE(Deliver(rows_.batch).failure);
}

TEST_F(CisternTlsTest, WhatIsNotTrustedOrExpiredIsRefusedUnlessNothingIsChecked) {
  OtherSide expired(Credentials(Certificate({.alternative_names = "IP:127.0.0.1", .days = -1}, &ca_)));
  ShowCertificate();
  const Failure late = FailureOf(expired.address);
  EXPECT_EQ(late.reason, FailureReason::kTls);
  EXPECT_EQ(late.text, "TLS with " + expired.address + ": the certificate is not trusted or has expired");
  Tls().set_verify("none");
  Make();
  EXPECT_FALSE(Deliver(rows_.batch).failure);
  Tls().set_ca_file(Path("missing.pem"));
  const auto made = MakeCisternSink(target_, {});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().text, "cistern.tls.ca_file: " + Path("missing.pem") + " cannot be read");
}

}  // namespace
}  // namespace cistern
