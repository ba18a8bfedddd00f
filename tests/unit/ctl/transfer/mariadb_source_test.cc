#include "ctl/transfer/mariadb_source.h"

#include <gtest/gtest.h>

namespace cistern::ctl {
namespace {

TEST(MariadbSourceTest, EveryPartIsRead) {
  const auto source = ParseMariadbUrl(
      "mariadb://u@d@db.example.net:3307/logs/cistern_logs?socket=/run/s.sock&ca=/etc/ca.pem");
  ASSERT_TRUE(source.has_value()) << source.error().message;
  EXPECT_EQ(source->user, "u@d");
  EXPECT_EQ(source->host, "db.example.net");
  EXPECT_EQ(source->port, 3307);
  EXPECT_EQ(source->database, "logs");
  EXPECT_EQ(source->table, "cistern_logs");
  EXPECT_EQ(source->socket, "/run/s.sock");
  EXPECT_EQ(source->ca, "/etc/ca.pem");
}

TEST(MariadbSourceTest, ThePortMayBeLeftOutAndHostsMayBeAddresses) {
  const auto name = ParseMariadbUrl("mariadb://u@localhost/logs/t");
  ASSERT_TRUE(name.has_value());
  EXPECT_EQ(name->port, 3306);
  const auto address = ParseMariadbUrl("mariadb://u@[::1]:33060/logs/t");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->host, "::1");
  EXPECT_EQ(address->port, 33060);
}

TEST(MariadbSourceTest, WhatIsNotOneIsRefused) {
  for (const char* url :
       {"mariadb://", "mariadb://host/logs/t", "mariadb://u@/logs/t", "mariadb://u@h", "mariadb://u@h/logs",
        "mariadb://u@h/logs/", "mariadb://u@h:0/logs/t", "mariadb://u@h:99999/logs/t",
        "mariadb://u@h:1x/logs/t", "mariadb://u@h/lo`gs/t", "mariadb://u@h/logs/t/more",
        "mariadb://u@h/logs/t?other=1", "mariadb://u@h/logs/t?socket="})
    EXPECT_FALSE(ParseMariadbUrl(url).has_value()) << url;
}

TEST(MariadbSourceTest, APasswordIsRefusedAndNotRepeated) {
  const auto source = ParseMariadbUrl("mariadb://u:secret@h/logs/t");
  ASSERT_FALSE(source.has_value());
  EXPECT_EQ(source.error().message.find("secret"), std::string::npos);
  EXPECT_NE(source.error().message.find("--password-file"), std::string::npos);
}

}  // namespace
}  // namespace cistern::ctl
