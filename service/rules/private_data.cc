#include "service/rules/private_data.h"

#include <array>

namespace cistern {
namespace {

constexpr std::array<std::string_view, kPrivateKinds> kNames{"user", "ipv4",  "ipv6",   "mac",
                                                             "card", "email", "pattern"};

}  // namespace

std::string_view PrivateKindName(PrivateKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::optional<PrivateKind> ParsePrivateKind(std::string_view name) {
  for (std::size_t i = 0; i + 1 < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<PrivateKind>(i);
  }
  return std::nullopt;
}

void FindPrivate(PrivateKind kind, std::string_view text, std::vector<PrivateSpan>& spans) {
  switch (kind) {
    case PrivateKind::kUser:
      return FindUsers(text, spans);
    case PrivateKind::kIpv4:
      return FindIpv4(text, spans);
    case PrivateKind::kIpv6:
      return FindIpv6(text, spans);
    case PrivateKind::kMac:
      return FindMac(text, spans);
    case PrivateKind::kCard:
      return FindCards(text, spans);
    case PrivateKind::kEmail:
      return FindEmails(text, spans);
    case PrivateKind::kPattern:
      return;
  }
}

}  // namespace cistern
