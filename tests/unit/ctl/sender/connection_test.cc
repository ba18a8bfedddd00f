#include "ctl/sender/connection.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <thread>

#include "ctl/sender/socket.h"

namespace cistern::ctl {
namespace {

// A loopback socket on a port that the kernel chose.
class Server {
 public:
  explicit Server(int type) : socket_(::socket(AF_INET, type, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    if (type == SOCK_STREAM) listen(socket_.fd(), 8);
    socklen_t size = sizeof address;
    getsockname(socket_.fd(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = std::to_string(ntohs(address.sin_port));
  }
  int fd() const { return socket_.fd(); }
  Endpoint endpoint(Endpoint::Kind kind) const { return {kind, "127.0.0.1", port_, ""}; }

 private:
  Socket socket_;
  std::string port_;
};

Batch TwoMessages(SendFraming framing) {
  Batch batch(framing);
  batch.Add("one");
  batch.Add("two");
  return batch;
}

std::string ReceiveDatagram(int fd) {
  char text[100];
  const ssize_t size = recv(fd, text, sizeof text, 0);
  return size < 0 ? "error" : std::string(text, static_cast<std::size_t>(size));
}

TEST(Connection, TcpDeliversEverythingBeforeItFinishes) {
  Server server(SOCK_STREAM);
  std::string error;
  const auto connection = OpenConnection(server.endpoint(Endpoint::Kind::kTcp), {}, error);
  ASSERT_NE(connection, nullptr) << error;
  std::string received;
  std::jthread reader([&] {
    const Socket peer(accept(server.fd(), nullptr, nullptr));
    char octets[64];
    for (ssize_t n; (n = read(peer.fd(), octets, sizeof octets)) > 0;)
      received.append(octets, static_cast<std::size_t>(n));
  });
  EXPECT_EQ(connection->Send(TwoMessages(SendFraming::kOctet)), 2u);
  EXPECT_TRUE(connection->Finish());
  reader.join();
  EXPECT_EQ(received, "3 one3 two");
}

TEST(Connection, UdpSendsOneDatagramAMessage) {
  Server server(SOCK_DGRAM);
  std::string error;
  const auto connection = OpenConnection(server.endpoint(Endpoint::Kind::kUdp), {}, error);
  ASSERT_NE(connection, nullptr) << error;
  EXPECT_EQ(connection->Send(TwoMessages(SendFraming::kNone)), 2u);
  EXPECT_TRUE(connection->Finish());
  EXPECT_EQ(ReceiveDatagram(server.fd()), "one");
  EXPECT_EQ(ReceiveDatagram(server.fd()), "two");
}

TEST(Connection, UdpToNobodyIsNoticed) {
  Endpoint nobody;
  {
    const Server server(SOCK_DGRAM);
    nobody = server.endpoint(Endpoint::Kind::kUdp);
  }
  std::string error;
  const auto connection = OpenConnection(nobody, {}, error);
  ASSERT_NE(connection, nullptr) << error;
  Batch batch(SendFraming::kNone);
  batch.Add("lost");
  std::size_t sent = 0;
  for (int i = 0; i < 10; ++i) sent += connection->Send(batch);
  EXPECT_FALSE(connection->Finish());
  EXPECT_LT(sent, 10u) << "refused datagrams do not count as sent";
  EXPECT_NE(connection->error().find("refused"), std::string::npos) << connection->error();
}

TEST(Connection, OversizeDatagramIsNotSentAndTheOthersAre) {
  Server server(SOCK_DGRAM);
  std::string error;
  const auto connection = OpenConnection(server.endpoint(Endpoint::Kind::kUdp), {}, error);
  ASSERT_NE(connection, nullptr) << error;
  Batch batch(SendFraming::kNone);
  batch.Add("before");
  batch.Add(std::string(70'000, 'x'));
  batch.Add("behind");
  EXPECT_EQ(connection->Send(batch), 2u);
  EXPECT_NE(connection->error(), "");
  EXPECT_EQ(ReceiveDatagram(server.fd()), "before");
  EXPECT_EQ(ReceiveDatagram(server.fd()), "behind");
}

TEST(Connection, UnixDatagrams) {
  char folder[] = "/tmp/cistern-sender-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = std::string(folder) + "/s";
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const Socket server(::socket(AF_UNIX, SOCK_DGRAM, 0));
  ASSERT_EQ(bind(server.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  std::string error;
  const auto connection = OpenConnection({Endpoint::Kind::kUnix, "", "", path}, {}, error);
  ASSERT_NE(connection, nullptr) << error;
  EXPECT_EQ(connection->Send(TwoMessages(SendFraming::kNone)), 2u);
  EXPECT_EQ(ReceiveDatagram(server.fd()), "one");
  std::filesystem::remove_all(folder);
}

TEST(Connection, FailuresToConnectNameTheTarget) {
  Endpoint closed;
  {
    const Server server(SOCK_STREAM);
    closed = server.endpoint(Endpoint::Kind::kTcp);
  }
  std::string error;
  EXPECT_EQ(OpenConnection(closed, {}, error), nullptr);
  EXPECT_EQ(error, closed.Address() + ": Connection refused");
  EXPECT_EQ(OpenConnection({Endpoint::Kind::kUnix, "", "", "/nowhere/at/all"}, {}, error), nullptr);
  EXPECT_EQ(error, "/nowhere/at/all: No such file or directory");
}

TEST(Connection, TlsFilesThatCannotBeReadAreNamed) {
  Server server(SOCK_STREAM);
  std::string error;
  EXPECT_EQ(OpenConnection(server.endpoint(Endpoint::Kind::kTls), {.ca_file = "/nowhere/ca.crt"}, error),
            nullptr);
  EXPECT_NE(error.find("/nowhere/ca.crt"), std::string::npos) << error;
}

}  // namespace
}  // namespace cistern::ctl
