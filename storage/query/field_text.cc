#include "storage/query/field_text.h"

#include "storage/query/query.h"

namespace cistern {
namespace {

// The fields that most texts and keys are made of, without a view.
const std::string_view* TextOf(const Record& record, const FieldRef& field) {
  if (field.kind != FieldRef::Kind::kColumn) return nullptr;
  switch (field.column) {
    case Column::kHostname:
      return &record.hostname;
    case Column::kAppName:
      return &record.app_name;
    case Column::kProcid:
      return &record.procid;
    case Column::kMsgid:
      return &record.msgid;
    case Column::kMessage:
      return &record.message;
    case Column::kListener:
      return &record.listener;
    case Column::kTlsIdentity:
      return &record.tls_identity;
    default:
      return nullptr;
  }
}

void AppendValues(BatchView& view, const FieldRef& field, std::uint32_t row, std::string& out) {
  bool first = true;
  FieldValues(view, field, {row}, [&](std::uint32_t, std::string_view value) {
    if (!first) out += ',';
    out += value;
    first = false;
  });
}

}  // namespace

std::string FieldText(BatchView& view, const FieldRef& field, std::uint32_t row) {
  std::string text;
  AppendValues(view, field, row, text);
  return text;
}

void AppendFieldText(const Record& record, const FieldRef& field, std::string& out) {
  if (const std::string_view* text = TextOf(record, field)) {
    out += *text;
    return;
  }
  if (field.kind == FieldRef::Kind::kColumn && field.column == Column::kPeer) {
    if (record.peer.present()) out += record.peer.ToString();
    return;
  }
  RecordsView view({&record, 1});
  AppendValues(view, field, 0, out);
}

}  // namespace cistern
