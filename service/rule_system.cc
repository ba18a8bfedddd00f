#include "service/rule_system.h"

#include <sys/random.h>

#include "service/rules/rule_history.h"

namespace cistern {
namespace {

constexpr char kSecretKind[] = "secret";
constexpr char kSecretName[] = "redaction";
constexpr std::size_t kSecretSize = 32;

}  // namespace

RuleSystem::RuleSystem(Store& store, RuleBook::Clock clock) : store_(store), book_(store, clock) {}

RuleBook::Outcome<void> RuleSystem::Open(std::span<const v1::Rule> configured) {
  if (auto loaded = LoadSecret(); !loaded) return loaded;
  if (auto opened = book_.Open(); !opened) return opened;
  return book_.Configure(configured);
}

// Made once, so that equal values stay equal over restarts.
RuleBook::Outcome<void> RuleSystem::LoadSecret() {
  const auto object = store_.GetObject(kSecretKind, kSecretName);
  if (!object) return RuleStoreTrouble(object.error());
  if (*object && (*object)->body.size() == kSecretSize) {
    secret_ = (*object)->body;
    return {};
  }
  secret_.resize(kSecretSize);
  if (getrandom(secret_.data(), secret_.size(), 0) != static_cast<ssize_t>(kSecretSize))
    return ChangeError{ChangeError::Kind::kStopping, "the system gives no random octets", {}};
  StateChange write;
  write.objects.push_back({kSecretKind, kSecretName, secret_, std::nullopt});
  const auto done = store_.ChangeState(write);
  return done ? RuleBook::Outcome<void>() : RuleBook::Outcome<void>(RuleStoreTrouble(done.error()));
}

void RuleSystem::Tick() { book_.Tick(); }

std::map<std::string, RuleFigures> RuleSystem::Figures() const { return {}; }

}  // namespace cistern
