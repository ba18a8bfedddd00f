#include "service/access/access.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>
#include <strings.h>
#include <sys/stat.h>

#include <algorithm>

#include "cistern/v1/stored.pb.h"

namespace cistern {
namespace {

constexpr char kTokenKind[] = "token";
constexpr std::string_view kBearer = "Bearer ";
constexpr std::size_t kLongestToken = 1024;

RightPtr LocalRight() {
  RoleSet roles;
  roles.Add(v1::ROLE_ADMIN);
  return *MakeRight("local", roles, "");
}

ChangeError StoreTrouble(const boost::system::error_code& error) {
  return {ChangeError::Kind::kStore, error.message(), error};
}

bool IsBearer(std::string_view text) {
  return text.size() > kBearer.size() && strncasecmp(text.data(), kBearer.data(), kBearer.size()) == 0;
}

// What changes when the file does.
std::string VersionOf(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return fmt::format("{} {} {} {}.{} {}.{} {}", status.st_dev, status.st_ino, status.st_size,
                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
                     status.st_ctim.tv_nsec, status.st_mode);
}

}  // namespace

void ReadAuthorization(const std::vector<std::string_view>& values, Credentials& credentials) {
  if (values.empty()) return;
  credentials.token = Credentials::Token::kMalformed;
  if (values.size() > 1 || !IsBearer(values[0])) return;
  const std::string_view token = values[0].substr(kBearer.size());
  if (token.empty() || token.size() > kLongestToken) return;
  credentials.token = Credentials::Token::kShown;
  credentials.hash = HashOf(token);
}

Access::Access(Store& store, WallClock clock)
    : store_(store), clock_(std::move(clock)), local_(LocalRight()) {}

Result<void> Access::Open() {
  const std::lock_guard changing(change_mutex_);
  const auto objects = store_.ListObjects(kTokenKind, "", kMostTokens);
  if (!objects) return objects.error();
  const std::lock_guard lock(mutex_);
  for (const StoredObject& object : *objects) {
    v1::StoredToken stored;
    const bool read = stored.ParseFromString(object.body);
    const auto hash = read ? ToHash(stored.sha256()) : std::nullopt;
    RoleSet roles;
    for (const int role : stored.roles()) roles.Add(static_cast<v1::Role>(role & 31));
    const auto right = MakeRight(object.name, roles, stored.filter(), stored.expires());
    if (hash && right) {
      tokens_[object.name] = {*hash, {*right, stored.created(), stored.created_by()}};
    } else {
      spdlog::warn("token {} cannot be read and is not accepted; revoke it and make another", object.name);
    }
  }
  return {};
}

void Access::SetGrants(std::vector<Grant> grants) {
  const std::lock_guard changing(change_mutex_);
  std::vector<GrantState> states;
  for (Grant& grant : grants) {
    GrantState state{std::move(grant), {}, {}};
    if (!state.grant.token_file.empty()) ReadFile(state);
    states.push_back(std::move(state));
  }
  const std::lock_guard lock(mutex_);
  grants_ = std::move(states);
}

void Access::ReadFile(GrantState& state) {
  state.version = VersionOf(state.grant.token_file);
  const auto hash = ReadTokenFile(state.grant.token_file);
  state.hash = hash ? std::optional(*hash) : std::nullopt;
  if (!hash) spdlog::error("grant {} is of no use for now: {}", state.grant.right->name, hash.error());
}

void Access::Tick() {
  const std::lock_guard changing(change_mutex_);
  for (GrantState& state : grants_) {
    if (state.grant.token_file.empty() || VersionOf(state.grant.token_file) == state.version) continue;
    GrantState read = state;
    ReadFile(read);
    if (read.hash) spdlog::info("the token of grant {} was read again", state.grant.right->name);
    const std::lock_guard lock(mutex_);
    state = std::move(read);
  }
}

// Looks at all of them, whichever it is.
RightPtr Access::HolderOf(const SecretHash& hash) const {
  RightPtr holder;
  for (const GrantState& state : grants_)
    if (state.hash && SameHash(*state.hash, hash)) holder = state.grant.right;
  for (const auto& [name, token] : tokens_)
    if (SameHash(token.hash, hash)) holder = token.view.right;
  return holder;
}

// A token that is shown decides alone; else the first grant to a name of the certificate does.
Decision Access::Identify(const Credentials& credentials) const {
  using Kind = Decision::Kind;
  if (credentials.local) return {Kind::kAllowed, local_, {}};
  const std::shared_lock lock(mutex_);
  switch (credentials.token) {
    case Credentials::Token::kMalformed:
      return {Kind::kUnauthenticated, nullptr, "authorization: not of the form `Bearer TOKEN`"};
    case Credentials::Token::kShown: {
      RightPtr holder = HolderOf(credentials.hash);
      if (!holder) return {Kind::kUnauthenticated, nullptr, "the token is not known here, or was revoked"};
      if (holder->expires != 0 && holder->expires <= clock_())
        return {Kind::kUnauthenticated, std::move(holder), "the token has expired"};
      return {Kind::kAllowed, std::move(holder), {}};
    }
    case Credentials::Token::kNone:
      break;
  }
  const auto& shown = credentials.identities;
  for (const GrantState& state : grants_) {
    const bool his =
        !state.grant.identity.empty() && std::count(shown.begin(), shown.end(), state.grant.identity) > 0;
    if (his) return {Kind::kAllowed, state.grant.right, {}};
  }
  if (shown.empty())
    return {Kind::kUnauthenticated, nullptr,
            "nothing shows who calls: a token (authorization: Bearer TOKEN) or a client "
            "certificate with a granted name is needed"};
  return {
      Kind::kUnauthenticated, nullptr,
      fmt::format("nothing is granted to the names of the client certificate: {}", fmt::join(shown, ", "))};
}

Decision Access::Decide(std::string_view path, const Credentials& credentials) const {
  using Kind = Decision::Kind;
  const MethodNeeds* needs = methods_.Find(path);
  Decision decision = Identify(credentials);
  if (needs != nullptr && needs->role == v1::ROLE_PUBLIC)
    return {Kind::kAllowed, std::move(decision.right), {}};
  if (decision.kind != Kind::kAllowed) return decision;
  const Right& right = *decision.right;
  if (needs == nullptr) {
    decision = {Kind::kDenied, decision.right, "there is no such call"};
  } else if (!right.roles.Allows(needs->role)) {
    decision = {Kind::kDenied, decision.right,
                fmt::format("{} has the role {}; this call needs {}", right.name, right.roles.ToString(),
                            RoleName(needs->role))};
  } else if (!right.filter_text.empty() && !needs->honours_filter) {
    decision = {
        Kind::kDenied, decision.right,
        fmt::format(
            "{} reads only what matches its filter, and this call cannot be limited to that; use query, "
            "tail, count, histogram, top, export or explain",
            right.name)};
  }
  return decision;
}

Result<Access::NewToken, ChangeError> Access::CreateToken(const RightPtr& right,
                                                          const std::string& created_by) {
  const std::lock_guard changing(change_mutex_);
  if (tokens_.contains(right->name))
    return ChangeError{
        ChangeError::Kind::kConflict, fmt::format("name: there is a token {} already", right->name), {}};
  for (const GrantState& state : grants_) {
    if (state.grant.right->name == right->name)
      return ChangeError{ChangeError::Kind::kConflict,
                         fmt::format("name: {} is a grant of the configuration", right->name),
                         {}};
  }
  if (tokens_.size() >= kMostTokens)
    return ChangeError{ChangeError::Kind::kTooMany, "there can be 1000 tokens at most; revoke some", {}};
  const auto secret = MakeSecret();
  if (!secret) return ChangeError{ChangeError::Kind::kStore, "the system gives no random numbers", {}};
  const TokenState state{HashOf(*secret), {right, clock_(), created_by}};
  v1::StoredToken stored;
  stored.set_sha256(ToBytes(state.hash));
  for (const v1::Role role : right->roles.List()) stored.add_roles(role);
  stored.set_filter(right->filter_text);
  stored.set_created(state.view.created);
  stored.set_created_by(created_by);
  stored.set_expires(right->expires);
  StateChange change;
  change.objects.push_back({kTokenKind, right->name, stored.SerializeAsString(), std::nullopt});
  if (const auto done = store_.ChangeState(change); !done) return StoreTrouble(done.error());
  const std::lock_guard lock(mutex_);
  tokens_[right->name] = state;
  return NewToken{*secret, state.view};
}

Result<void, ChangeError> Access::RevokeToken(const std::string& name) {
  const std::lock_guard changing(change_mutex_);
  const auto found = store_.GetObject(kTokenKind, name);
  if (!found) return StoreTrouble(found.error());
  if (!*found && !tokens_.contains(name))
    return ChangeError{ChangeError::Kind::kNotFound, fmt::format("there is no token {}", name), {}};
  {
    const std::lock_guard lock(mutex_);  // first, so that it is worthless whatever the disk says
    tokens_.erase(name);
  }
  StateChange change;
  change.objects.push_back({kTokenKind, name, std::nullopt, std::nullopt});
  if (const auto done = store_.ChangeState(change); !done) return StoreTrouble(done.error());
  return {};
}

std::vector<TokenView> Access::Tokens() const {
  const std::shared_lock lock(mutex_);
  std::vector<TokenView> views;
  for (const auto& [name, token] : tokens_) views.push_back(token.view);
  return views;
}

}  // namespace cistern
