#include "service/access/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/unit/service/temp_store.h"

namespace cistern {
namespace {

using Kind = Decision::Kind;
using testing::HasSubstr;
using testing::Not;

constexpr char kQuery[] = "/cistern.v1.LogService/Query";
constexpr char kIngest[] = "/cistern.v1.LogService/Ingest";
constexpr char kApplyRules[] = "/cistern.v1.RuleService/ApplyRules";
constexpr char kSql[] = "/cistern.v1.LogService/Sql";
constexpr char kCreateToken[] = "/cistern.v1.AccessService/CreateToken";
constexpr char kHealth[] = "/grpc.health.v1.Health/Check";

RoleSet Roles(std::initializer_list<v1::Role> roles) {
  RoleSet set;
  for (const v1::Role role : roles) set.Add(role);
  return set;
}

Credentials WithToken(const std::string& token) {
  Credentials credentials;
  ReadAuthorization({"Bearer " + token}, credentials);
  return credentials;
}

Credentials WithToken(std::vector<std::string_view> values) {
  Credentials credentials;
  ReadAuthorization(values, credentials);
  return credentials;
}

Credentials WithNames(std::vector<std::string> names) {
  Credentials credentials;
  credentials.identities = std::move(names);
  return credentials;
}

class AccessTest : public testing::Test {
 protected:
  AccessTest() { EXPECT_TRUE(access_.Open()); }

  std::string Make(const std::string& name, RoleSet roles, const std::string& filter = "",
                   std::int64_t expires = 0) {
    const auto right = MakeRight(name, roles, filter, expires);
    EXPECT_TRUE(right) << right.error();
    const auto made = access_.CreateToken(*right, "test");
    EXPECT_TRUE(made);
    return made ? made->secret : std::string();
  }
  Kind Ask(const char* path, const Credentials& credentials) {
    return access_.Decide(path, credentials).kind;
  }

  std::string WriteToken(const std::string& text, mode_t mode = 0640) {
    const std::string path = folder_.path() + "/token";
    std::ofstream(path, std::ios::trunc) << text;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }

  TempFolder folder_;
  std::unique_ptr<Store> store_ = OpenStore(folder_.path() + "/store");
  std::int64_t now_ = 1'000'000'000'000;
  Access access_{*store_, [this] { return now_; }};
};

TEST_F(AccessTest, NobodyMayDoAnythingButAskForHealth) {
  for (const auto& [path, needs] : access_.methods().all()) {
    const bool health = path.starts_with("/grpc.health.");
    EXPECT_EQ(Ask(path.c_str(), {}), health ? Kind::kAllowed : Kind::kUnauthenticated) << path;
    EXPECT_NE(needs.role, v1::ROLE_UNSPECIFIED) << path;
  }
}

TEST_F(AccessTest, WhoeverIsLocalIsAnAdmin) {
  Credentials local;
  local.local = true;
  EXPECT_EQ(Ask(kCreateToken, local), Kind::kAllowed);
  EXPECT_EQ(access_.Decide(kCreateToken, local).right->name, "local");
}

TEST_F(AccessTest, OnlyTheExactPathIsACall) {
  const Credentials admin = WithToken(Make("a", Roles({v1::ROLE_ADMIN})));
  EXPECT_EQ(Ask(kQuery, admin), Kind::kAllowed);
  for (const char* path :
       {"", "/", "cistern.v1.LogService/Query", "//cistern.v1.LogService/Query",
        "/cistern.v1.LogService/Query/", "/cistern.v1.logservice/query", "/cistern.v1.LogService/Query?x",
        "/grpc.channelz.v1.Channelz/GetServers", "/grpc.health.v1.Health/Other", "/cistern.v1.LogService"}) {
    EXPECT_EQ(Ask(path, admin), Kind::kDenied) << path;
    EXPECT_EQ(Ask(path, {}), Kind::kUnauthenticated) << path;
  }
}

TEST_F(AccessTest, RolesIncludeWhatTheyShould) {
  const struct {
    v1::Role role;
    bool query, ingest, apply, create;
  } cases[] = {{v1::ROLE_READER, true, false, false, false},
               {v1::ROLE_INGESTER, false, true, false, false},
               {v1::ROLE_OPERATOR, true, false, true, false},
               {v1::ROLE_ADMIN, true, true, true, true}};
  for (const auto& c : cases) {
    const Credentials caller = WithToken(Make("t" + std::to_string(c.role), Roles({c.role})));
    EXPECT_EQ(Ask(kQuery, caller) == Kind::kAllowed, c.query) << c.role;
    EXPECT_EQ(Ask(kIngest, caller) == Kind::kAllowed, c.ingest) << c.role;
    EXPECT_EQ(Ask(kApplyRules, caller) == Kind::kAllowed, c.apply) << c.role;
    EXPECT_EQ(Ask(kCreateToken, caller) == Kind::kAllowed, c.create) << c.role;
    EXPECT_EQ(Ask("/cistern.v1.AccessService/WhoAmI", caller), Kind::kAllowed);
  }
  const auto denied = access_.Decide(kApplyRules, WithToken(Make("r", Roles({v1::ROLE_READER}))));
  EXPECT_EQ(denied.kind, Kind::kDenied);
  EXPECT_THAT(denied.reason, HasSubstr("r has the role reader; this call needs operator"));
}

TEST_F(AccessTest, OnlyTheWholeTokenIsOne) {
  const std::string secret = Make("a", Roles({v1::ROLE_ADMIN}));
  EXPECT_THAT(secret, testing::StartsWith("cistern_"));
  EXPECT_GE(secret.size(), 8u + 43u);
  EXPECT_EQ(Ask(kQuery, WithToken(secret)), Kind::kAllowed);
  std::string changed = secret;
  changed.back() = changed.back() == 'A' ? 'B' : 'A';
  for (const std::string& token : {secret.substr(1), secret.substr(0, secret.size() - 1), secret + "x",
                                   secret + '\0', '\0' + secret, changed, secret + " ", " " + secret,
                                   std::string(), std::string(100'000, 'a'), ToBytes(HashOf(secret))}) {
    EXPECT_EQ(Ask(kQuery, WithToken(token)), Kind::kUnauthenticated) << token.size();
  }
}

TEST_F(AccessTest, AuthorizationIsOneBearerToken) {
  const std::string secret = Make("a", Roles({v1::ROLE_ADMIN}));
  const std::string right = "Bearer " + secret, small = "bearer " + secret, basic = "Basic " + secret;
  EXPECT_EQ(Ask(kQuery, WithToken({std::string_view(right)})), Kind::kAllowed);
  EXPECT_EQ(Ask(kQuery, WithToken({std::string_view(small)})), Kind::kAllowed);
  EXPECT_EQ(Ask(kQuery, WithToken({std::string_view(basic)})), Kind::kUnauthenticated);
  EXPECT_EQ(Ask(kQuery, WithToken({std::string_view(secret)})), Kind::kUnauthenticated);
  EXPECT_EQ(Ask(kQuery, WithToken({right, right})), Kind::kUnauthenticated);
}

TEST_F(AccessTest, TokensExpireAndAreRevoked) {
  const Credentials caller = WithToken(Make("a", Roles({v1::ROLE_READER}), "", now_ + 10));
  EXPECT_EQ(Ask(kQuery, caller), Kind::kAllowed);
  now_ += 10;
  EXPECT_EQ(Ask(kQuery, caller), Kind::kUnauthenticated);
  EXPECT_THAT(access_.Decide(kQuery, caller).reason, HasSubstr("expired"));
  const Credentials other = WithToken(Make("b", Roles({v1::ROLE_READER})));
  EXPECT_TRUE(access_.RevokeToken("b"));
  EXPECT_EQ(Ask(kQuery, other), Kind::kUnauthenticated);
  EXPECT_EQ(access_.RevokeToken("b").error().kind, ChangeError::Kind::kNotFound);
}

TEST_F(AccessTest, TokensOutliveARestartAndOnlyTheirHashIsStored) {
  const std::string secret = Make("a", Roles({v1::ROLE_READER, v1::ROLE_INGESTER}), "app:x");
  Access again(*store_, [this] { return now_; });
  ASSERT_TRUE(again.Open());
  const Decision decision = again.Decide(kQuery, WithToken(secret));
  ASSERT_EQ(decision.kind, Kind::kAllowed);
  EXPECT_EQ(decision.right->filter_text, "app:x");
  EXPECT_EQ(decision.right->roles.ToString(), "reader, ingester");
  const auto stored = store_->GetObject("token", "a");
  ASSERT_TRUE(stored && *stored);
  EXPECT_THAT((*stored)->body, Not(HasSubstr(secret)));
  EXPECT_THAT((*stored)->body, HasSubstr(ToBytes(HashOf(secret))));
}

TEST_F(AccessTest, NamesOfTokensAreUnique) {
  Make("a", Roles({v1::ROLE_READER}));
  const auto again = access_.CreateToken(*MakeRight("a", Roles({v1::ROLE_ADMIN}), ""), "test");
  EXPECT_EQ(again.error().kind, ChangeError::Kind::kConflict);
}

TEST_F(AccessTest, AFilterLimitsToCallsThatHonourIt) {
  const Credentials caller = WithToken(Make("a", Roles({v1::ROLE_READER}), "app:x"));
  EXPECT_EQ(Ask(kQuery, caller), Kind::kAllowed);
  for (const char* path : {kSql, "/cistern.v1.AdminService/ListSenders", "/cistern.v1.StoreService/GetStats",
                           "/cistern.v1.EventService/ListEvents", "/cistern.v1.RuleService/RehearseRules",
                           "/cistern.v1.TargetService/ListDeadLetters", "/metrics"}) {
    EXPECT_EQ(Ask(path, caller), Kind::kDenied) << path;
  }
  EXPECT_FALSE(MakeRight("b", Roles({v1::ROLE_ADMIN}), "app:x"));
  EXPECT_FALSE(MakeRight("b", Roles({v1::ROLE_READER, v1::ROLE_OPERATOR}), "app:x"));
  EXPECT_FALSE(MakeRight("b", Roles({}), ""));
}

TEST_F(AccessTest, TheFirstGrantToANameOfTheCertificateDecides) {
  access_.SetGrants(
      {{*MakeRight("one", Roles({v1::ROLE_READER}), ""), NormalIdentity("dns:A.example"), ""},
       {*MakeRight("two", Roles({v1::ROLE_ADMIN}), ""), NormalIdentity("ip:::ffff:192.0.2.1"), ""}});
  EXPECT_EQ(Ask(kQuery, WithNames({"dns:other", "dns:a.example"})), Kind::kAllowed);
  EXPECT_EQ(Ask(kCreateToken, WithNames({"dns:a.example"})), Kind::kDenied);
  for (const char* name :
       {"dns:a.example.evil", "dns:xa.example", "uri:a.example", "a.example", "dns:a.exampl"})
    EXPECT_EQ(Ask(kQuery, WithNames({name})), Kind::kUnauthenticated) << name;
  EXPECT_EQ(Ask(kQuery, WithNames({std::string("dns:a.example\0", 14)})), Kind::kUnauthenticated);
  access_.SetGrants({});
  EXPECT_EQ(Ask(kQuery, WithNames({"dns:a.example"})), Kind::kUnauthenticated);
}

TEST_F(AccessTest, AWrongTokenIsNotMadeUpForByACertificate) {
  access_.SetGrants({{*MakeRight("one", Roles({v1::ROLE_ADMIN}), ""), "dns:a", ""}});
  Credentials both = WithToken("cistern_wrong");
  both.identities = {"dns:a"};
  EXPECT_EQ(Ask(kQuery, both), Kind::kUnauthenticated);
}

TEST_F(AccessTest, ATokenFileDecidesAsLongAsItCanBeUsed) {
  const std::string first(40, 'a'), second(40, 'b');
  const std::string path = WriteToken(first + "\n");
  access_.SetGrants({{*MakeRight("file", Roles({v1::ROLE_ADMIN}), ""), "", path}});
  EXPECT_EQ(Ask(kQuery, WithToken(first)), Kind::kAllowed);
  WriteToken(second);
  access_.Tick();
  EXPECT_EQ(Ask(kQuery, WithToken(first)), Kind::kUnauthenticated);
  EXPECT_EQ(Ask(kQuery, WithToken(second)), Kind::kAllowed);
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  access_.Tick();
  EXPECT_EQ(Ask(kQuery, WithToken(second)), Kind::kUnauthenticated);
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  access_.Tick();
  EXPECT_EQ(Ask(kQuery, WithToken(second)), Kind::kAllowed);
  ASSERT_EQ(::unlink(path.c_str()), 0);
  access_.Tick();
  EXPECT_EQ(Ask(kQuery, WithToken(second)), Kind::kUnauthenticated);
}

TEST_F(AccessTest, TokenFilesThatOthersReadOrThatHoldNoneAreRefused) {
  const std::string token(40, 'a');
  EXPECT_TRUE(ReadTokenFile(WriteToken(token, 0640)));
  EXPECT_TRUE(ReadTokenFile(WriteToken("  " + token + " \r\n", 0400)));
  for (const mode_t mode : {0644, 0660, 0750, 0641, 0666})
    EXPECT_THAT(ReadTokenFile(WriteToken(token, mode)).error(), HasSubstr("mode")) << mode;
  for (const std::string& text : {std::string(), std::string("\n"), std::string(31, 'a'),
                                  token + "\n" + token, token + '\0', std::string(2000, 'a')}) {
    const auto read = ReadTokenFile(WriteToken(text));
    ASSERT_FALSE(read) << text.size();
    EXPECT_THAT(read.error(), HasSubstr("holds no token"));
    EXPECT_THAT(read.error(), Not(HasSubstr("aaa")));
  }
  EXPECT_THAT(ReadTokenFile(folder_.path()).error(), HasSubstr("is not a file"));
  EXPECT_THAT(ReadTokenFile(folder_.path() + "/none").error(), HasSubstr("cannot be read"));
}

}  // namespace
}  // namespace cistern
