#include "service/forward/field_text.h"

#include "storage/query/query.h"

namespace cistern {

std::string FieldText(BatchView& view, const FieldRef& field, std::uint32_t row) {
  std::string text;
  bool first = true;
  FieldValues(view, field, {row}, [&](std::uint32_t, std::string_view value) {
    if (!first) text += ',';
    text += value;
    first = false;
  });
  return text;
}

}  // namespace cistern
