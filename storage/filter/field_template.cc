#include "storage/filter/field_template.h"

#include <algorithm>

namespace cistern {
namespace {

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<FieldTemplate, std::string> FieldTemplate::Parse(std::string_view text,
                                                        std::span<const std::string> extras) {
  using boost::system::in_place_error;
  FieldTemplate parsed;
  for (std::size_t open; (open = text.find("{{")) != std::string_view::npos;) {
    const std::size_t close = text.find("}}", open);
    if (close == std::string_view::npos) return {in_place_error, "has {{ without }}"};
    const std::string name(Trimmed(text.substr(open + 2, close - open - 2)));
    Piece piece{std::string(text.substr(0, open)), {}, {}};
    const auto extra = std::find(extras.begin(), extras.end(), name);
    if (extra != extras.end()) {
      piece.extra = static_cast<std::size_t>(extra - extras.begin());
    } else if (auto field = ParseField(name)) {
      piece.field = std::move(*field);
    } else {
      return {in_place_error, "{{" + name + "}} is not a field: expected " + field.error().expected};
    }
    parsed.pieces_.push_back(std::move(piece));
    text.remove_prefix(close + 2);
  }
  parsed.pieces_.push_back({std::string(text), {}, {}});
  return parsed;
}

}  // namespace cistern
