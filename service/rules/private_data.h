// Finds private data in texts. Linear in the text; errs on the side of finding too much.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace cistern {

enum class PrivateKind : std::uint8_t { kUser, kIpv4, kIpv6, kMac, kCard, kEmail, kPattern };
inline constexpr std::size_t kPrivateKinds = 7;

// "user" "ipv4" "ipv6" "mac" "card" "email" "pattern".
std::string_view PrivateKindName(PrivateKind kind);
// All but kPattern.
std::optional<PrivateKind> ParsePrivateKind(std::string_view name);

struct PrivateSpan {
  std::size_t begin = 0, end = 0;
  PrivateKind kind = PrivateKind::kPattern;
};

// Adds what is found, ascending. Nothing for kPattern.
void FindPrivate(PrivateKind kind, std::string_view text, std::vector<PrivateSpan>& spans);

// private_numbers.cc, private_names.cc
void FindIpv4(std::string_view text, std::vector<PrivateSpan>& spans);
void FindIpv6(std::string_view text, std::vector<PrivateSpan>& spans);
void FindMac(std::string_view text, std::vector<PrivateSpan>& spans);
// 13 to 19 digits that begin as cards do, with a right check digit; blanks or dashes may part them.
void FindCards(std::string_view text, std::vector<PrivateSpan>& spans);
void FindUsers(std::string_view text, std::vector<PrivateSpan>& spans);
void FindEmails(std::string_view text, std::vector<PrivateSpan>& spans);

}  // namespace cistern
