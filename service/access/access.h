// Decides who may make which call. The only place that does: default deny, unknown callers and unknown
// methods are refused.
//
// Rights come from the grants of the configuration and from tokens that are made at run time and kept in the
// store's catalog. What a call needs is stated in its proto (`required_role`, `honours_filter`). Threads:
// any. Decide() takes a shared lock and no other; it may run on network threads. Open(), CreateToken(),
// RevokeToken() and Tick() may wait for the disk.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "service/access/grants.h"
#include "service/access/method_table.h"
#include "service/access/right.h"
#include "service/change_error.h"
#include "storage/store.h"

namespace cistern {

// What a call shows of its caller. The secret of a token is not kept.
struct Credentials {
  // Came through the Unix socket, or over loopback to a port without TLS: whoever can do that is an admin.
  bool local = false;
  std::vector<std::string> identities;  // normal; of the verified certificate of this connection
  enum class Token { kNone, kMalformed, kShown } token = Token::kNone;
  SecretHash hash{};  // of what was shown
};

// Takes the values of `authorization`; more than one, or anything but `Bearer TOKEN`, is malformed.
void ReadAuthorization(const std::vector<std::string_view>& values, Credentials& credentials);

struct Decision {
  enum class Kind { kAllowed, kUnauthenticated, kDenied };
  Kind kind = Kind::kDenied;
  RightPtr right;      // null: the caller is not known
  std::string reason;  // what was missing, a sentence for the caller; empty when allowed
};

struct TokenView {
  RightPtr right;
  std::int64_t created = 0;  // ns since the Unix epoch
  std::string created_by;
};

class Access {
 public:
  static constexpr std::size_t kMostTokens = 1000;

  // `store` outlives it.
  Access(Store& store, WallClock clock);

  // Reads the tokens of the catalog.
  Result<void> Open();
  // The grants from now on; their files are read at once.
  void SetGrants(std::vector<Grant> grants);
  // Reads token files that changed. While one cannot be used nobody has its right. To be called once a
  // second.
  void Tick();

  // `path` is `/PACKAGE.SERVICE/METHOD`, or `/metrics` of HTTP.
  Decision Decide(std::string_view path, const Credentials& credentials) const;

  // A new token and its secret.
  struct NewToken {
    std::string secret;
    TokenView token;
  };
  Result<NewToken, ChangeError> CreateToken(const RightPtr& right, const std::string& created_by);
  Result<void, ChangeError> RevokeToken(const std::string& name);
  std::vector<TokenView> Tokens() const;  // by name

  const MethodTable& methods() const { return methods_; }

 private:
  struct GrantState {
    Grant grant;
    std::optional<SecretHash> hash;  // of its token file; empty: it cannot be used
    std::string version;             // of the file, as last seen
  };
  struct TokenState {
    SecretHash hash;
    TokenView view;
  };
  Decision Identify(const Credentials& credentials) const;
  RightPtr HolderOf(const SecretHash& hash) const;
  static void ReadFile(GrantState& state);

  Store& store_;
  const WallClock clock_;
  const MethodTable methods_;
  const RightPtr local_;
  std::mutex change_mutex_;  // one change at a time; taken before mutex_
  mutable std::shared_mutex mutex_;
  std::vector<GrantState> grants_;            // guarded by mutex_; changed only under both
  std::map<std::string, TokenState> tokens_;  // likewise
};

}  // namespace cistern
