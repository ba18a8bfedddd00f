#include "service/rules/rule_text.h"

#include "storage/query/field_text.h"

namespace cistern {
namespace {

constexpr std::string_view kLower = "|lower";

// Takes `|lower` out of the fields that have it, and says of each field whether it did.
std::string TakeLower(std::string_view text, std::vector<bool>& lower) {
  std::string out;
  for (std::size_t open; (open = text.find("{{")) != std::string_view::npos;) {
    const std::size_t close = text.find("}}", open);
    if (close == std::string_view::npos) break;
    std::string_view field = text.substr(0, close);
    while (field.ends_with(' ')) field.remove_suffix(1);
    lower.push_back(field.ends_with(kLower));
    if (lower.back()) field.remove_suffix(kLower.size());
    out.append(field).append("}}");
    text.remove_prefix(close + 2);
  }
  return out.append(text);
}

void MakeLower(std::string& text, std::size_t begin) {
  for (std::size_t i = begin; i < text.size(); ++i) {
    if (text[i] >= 'A' && text[i] <= 'Z') text[i] = static_cast<char>(text[i] + ('a' - 'A'));
  }
}

template <class AppendField>
std::string RenderPieces(const FieldTemplate& text, const std::vector<bool>& lower,
                         std::span<const std::string> extras, const AppendField& append) {
  std::string out;
  const auto& pieces = text.pieces();
  for (std::size_t i = 0; i < pieces.size() && out.size() < RuleText::kLongest; ++i) {
    out += pieces[i].text;
    if (i + 1 == pieces.size()) break;
    const std::size_t begin = out.size();
    if (!pieces[i].extra) {
      append(pieces[i].field, out);
    } else if (*pieces[i].extra < extras.size()) {
      out += extras[*pieces[i].extra];
    }
    if (lower[i]) MakeLower(out, begin);
  }
  if (out.size() > RuleText::kLongest) out.resize(RuleText::kLongest);
  return out;
}

}  // namespace

Result<RuleText, std::string> RuleText::Parse(std::string_view text, std::span<const std::string> extras) {
  RuleText rule_text;
  auto parsed = FieldTemplate::Parse(TakeLower(text, rule_text.lower_), extras);
  if (!parsed) return {boost::system::in_place_error, parsed.error()};
  rule_text.template_ = std::move(*parsed);
  return rule_text;
}

std::string RuleText::Render(const Record& record, std::span<const std::string> extras) const {
  return RenderPieces(template_, lower_, extras,
                      [&](const FieldRef& field, std::string& out) { AppendFieldText(record, field, out); });
}

std::string RuleText::Render(BatchView& view, std::uint32_t row, std::span<const std::string> extras) const {
  return RenderPieces(template_, lower_, extras,
                      [&](const FieldRef& field, std::string& out) { out += FieldText(view, field, row); });
}

bool RuleText::empty() const {
  const auto& pieces = template_.pieces();
  return pieces.empty() || (pieces.size() == 1 && pieces.front().text.empty());
}

}  // namespace cistern
