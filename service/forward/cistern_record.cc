#include "service/forward/cistern_record.h"

#include "ingest/message/shape.h"
#include "ingest/message/tags.h"
#include "proto/convert/record.h"
#include "proto/convert/utf8.h"

namespace cistern {
namespace {

void AddTag(std::string_view name, std::string_view value, v1::Record& out) {
  auto* tag = out.add_tags();
  *tag->mutable_name() = ToUtf8(name);
  *tag->mutable_value() = ToUtf8(value);
}

void AddTags(const Record& record, const std::string& store_id, v1::Record& out) {
  bool marked = false;
  TagsReader reader(record.tags);
  while (const auto tag = reader.Next()) {
    AddTag(tag->name, tag->value, out);
    marked = marked || tag->name == kStoreTag;
  }
  if (marked) return;
  AddTag(kStoreTag, store_id, out);
  AddTag(kIdTag, std::to_string(ToInt(record.id)), out);
}

void AddFlags(std::uint32_t flags, v1::Record& out) {
  for (int bit = 0; bit < 31; ++bit) {
    if ((flags >> bit & 1u) != 0) out.add_flags(static_cast<v1::Flag>(bit + 1));
  }
}

}  // namespace

void ToRelayed(const Record& record, const std::string& store_id, std::string& scratch, v1::Record& out) {
  out.Clear();
  RebuildRaw(record, scratch);
  out.set_raw(scratch);
  if (record.time != kNoTime) ToProto(record.time, out.mutable_message_time());
  out.set_peer_address(record.peer.ToString());
  out.set_peer_port(record.port);
  out.set_transport(ToProto(record.transport));
  *out.mutable_listener() = ToUtf8(record.listener);
  *out.mutable_tls_identity() = ToUtf8(record.tls_identity);
  AddFlags(record.flags, out);
  AddTags(record, store_id, out);
}

}  // namespace cistern
