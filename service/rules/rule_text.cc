#include "service/rules/rule_text.h"

#include "storage/query/field_text.h"

namespace cistern {
namespace {

template <class AppendField>
std::string RenderPieces(const FieldTemplate& text, std::span<const std::string> extras,
                         const AppendField& append) {
  std::string out;
  const auto& pieces = text.pieces();
  for (std::size_t i = 0; i < pieces.size() && out.size() < RuleText::kLongest; ++i) {
    out += pieces[i].text;
    if (i + 1 == pieces.size()) break;
    if (!pieces[i].extra) {
      append(pieces[i].field, out);
    } else if (*pieces[i].extra < extras.size()) {
      out += extras[*pieces[i].extra];
    }
  }
  if (out.size() > RuleText::kLongest) out.resize(RuleText::kLongest);
  return out;
}

}  // namespace

Result<RuleText, std::string> RuleText::Parse(std::string_view text, std::span<const std::string> extras) {
  auto parsed = FieldTemplate::Parse(text, extras);
  if (!parsed) return {boost::system::in_place_error, parsed.error()};
  RuleText rule_text;
  rule_text.template_ = std::move(*parsed);
  return rule_text;
}

std::string RuleText::Render(const Record& record, std::span<const std::string> extras) const {
  return RenderPieces(template_, extras,
                      [&](const FieldRef& field, std::string& out) { AppendFieldText(record, field, out); });
}

std::string RuleText::Render(BatchView& view, std::uint32_t row, std::span<const std::string> extras) const {
  return RenderPieces(template_, extras,
                      [&](const FieldRef& field, std::string& out) { out += FieldText(view, field, row); });
}

bool RuleText::empty() const {
  const auto& pieces = template_.pieces();
  return pieces.empty() || (pieces.size() == 1 && pieces.front().text.empty());
}

}  // namespace cistern
