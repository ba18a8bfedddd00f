#include "proto/yaml/suggest.h"

#include <gtest/gtest.h>

#include <vector>

namespace cistern {
namespace {

const std::vector<std::string> kKeys = {
    "address", "max_connections", "max_connections_per_peer", "framing", "udp", "tcp"};

TEST(Suggest, FindsTheNearestKey) {
  EXPECT_EQ(Suggest("max_conections", kKeys), "max_connections");
  EXPECT_EQ(Suggest("adress", kKeys), "address");
  EXPECT_EQ(Suggest("max-connections", kKeys), "max_connections");
  EXPECT_EQ(Suggest("Framing", kKeys), "framing");
  EXPECT_EQ(Suggest("upd", kKeys), "udp");
}

TEST(Suggest, SaysNothingWhenNoKeyIsNear) {
  EXPECT_EQ(Suggest("colour", kKeys), "");
  EXPECT_EQ(Suggest("", kKeys), "");
  EXPECT_EQ(Suggest(std::string(100'000, 'x'), kKeys), "");
  EXPECT_EQ(Suggest("adress", std::vector<std::string>{}), "");
}

}  // namespace
}  // namespace cistern
