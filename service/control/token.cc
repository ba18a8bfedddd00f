#include "service/control/token.h"

#include <charconv>

namespace cistern {
namespace {

bool ParseNumber(std::string_view text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

}  // namespace

std::string FormatToken(const Token& token) {
  std::string out = token.store_id + "." + std::to_string(token.after_id);
  if (token.snapshot_id != 0) out += "." + std::to_string(token.snapshot_id);
  return out;
}

Result<Token> ParseToken(std::string_view text, const std::string& store_id) {
  const auto first = text.find('.');
  if (first == std::string_view::npos) return StoreErrc::kNotFound;
  Token token;
  token.store_id = std::string(text.substr(0, first));
  std::string_view rest = text.substr(first + 1);
  if (const auto second = rest.find('.'); second != std::string_view::npos) {
    if (!ParseNumber(rest.substr(second + 1), token.snapshot_id)) return StoreErrc::kNotFound;
    rest = rest.substr(0, second);
  }
  if (token.store_id.size() != store_id.size() || !ParseNumber(rest, token.after_id)) {
    return StoreErrc::kNotFound;
  }
  if (token.store_id != store_id) return StoreErrc::kForeignToken;
  return token;
}

}  // namespace cistern
