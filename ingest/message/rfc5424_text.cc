#include "ingest/message/rfc5424_text.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "ingest/message/shape.h"

namespace cistern {
namespace {

constexpr std::uint8_t kMostFractionDigits = 6;  // section 6.2.3

bool IsPrintable(char c) { return c > ' ' && c < 0x7f; }

// `field` as a header may show it; `buffer` holds it when it had to be changed.
std::string_view HeaderField(std::string_view field, std::size_t most, std::string& buffer) {
  field = field.substr(0, most);
  if (std::all_of(field.begin(), field.end(), IsPrintable)) return field;
  buffer.assign(field);
  std::replace_if(
      buffer.begin(), buffer.end(), [](char c) { return !IsPrintable(c); }, '?');
  return buffer;
}

Shape ShapeFor(const Record& record) {
  Shape shape = record.shape;
  shape.form = kFormMessage;
  if (record.message.empty()) shape.form = 0;
  if (record.time == kNoTime) {
    shape.code = kShape5424NilTime;
    return shape;
  }
  shape.code = shape.utc_offset_minutes == 0 ? kShape5424Z : kShape5424Offset;
  if (shape.fraction_digits == 0 && record.time % 1'000'000'000 != 0) {
    shape.fraction_digits = kMostFractionDigits;
  }
  shape.fraction_digits = std::min(shape.fraction_digits, kMostFractionDigits);
  return shape;
}

}  // namespace

void RenderRfc5424(const Record& record, std::string& out) {
  if (record.format == Format::kRfc5424) return RebuildRaw(record, out);
  std::array<std::string, 4> buffers;
  Record rendered = record;
  rendered.raw = {};
  rendered.shape = ShapeFor(record);
  rendered.hostname = HeaderField(record.hostname, 255, buffers[0]);
  rendered.app_name = HeaderField(record.app_name, 48, buffers[1]);
  rendered.procid = HeaderField(record.procid, 128, buffers[2]);
  rendered.msgid = HeaderField(record.msgid, 32, buffers[3]);
  RebuildRaw(rendered, out);
}

}  // namespace cistern
