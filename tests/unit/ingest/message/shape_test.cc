#include "ingest/message/shape.h"

#include <gtest/gtest.h>

namespace cistern {
namespace {

constexpr std::int64_t kTime = 1'790'000'000'123'456'789;  // 2026-09-21T14:13:20.123456789Z

Record Make(ShapeCode code, unsigned form, std::uint8_t digits = 0, std::int16_t offset = 0) {
  Record record;
  record.time = kTime;
  record.facility = 4;
  record.severity = 2;
  record.hostname = "h";
  record.app_name = "a";
  record.procid = "1";
  record.msgid = "m";
  record.message = "text";
  record.shape = {.code = code,
                  .fraction_digits = digits,
                  .utc_offset_minutes = offset,
                  .form = static_cast<std::uint16_t>(form)};
  return record;
}

std::string Raw(const Record& record) {
  std::string out = "old";
  RebuildRaw(record, out);
  return out;
}

constexpr unsigned kUsual =
    kFormSpaceAfterTime | kFormHost | kFormSpaceAfterHost | kFormColonAfterTag | kFormSpaceAfterTag;

TEST(Shape, PrintsRfc5424) {
  EXPECT_EQ(Raw(Make(kShape5424Z, kFormMessage, 3)), "<34>1 2026-09-21T14:13:20.123Z h a 1 m - text");
  EXPECT_EQ(Raw(Make(kShape5424Offset, kFormMessage, 9, -210)),
            "<34>1 2026-09-21T10:43:20.123456789-03:30 h a 1 m - text");
  EXPECT_EQ(Raw(Make(kShape5424NilTime, 0)), "<34>1 - h a 1 m -");
  EXPECT_EQ(Raw(Make(kShape5424NilTime, kFormNoPri | kFormShortHeader)), "1 - h text");
}

TEST(Shape, PrintsNilFieldsStructuredDataAndByteOrderMark) {
  Record record = Make(kShape5424NilTime, kFormMessage);
  record.hostname = record.app_name = record.procid = record.msgid = {};
  record.structured_data = "[x@1 y=\"z\"]";
  record.flags = kFlagBom;
  EXPECT_EQ(Raw(record), "<34>1 - - - - - [x@1 y=\"z\"] \xef\xbb\xbftext");
}

TEST(Shape, PrintsBsd) {
  EXPECT_EQ(Raw(Make(kShape3164, kUsual | kFormPid)), "<34>Sep 21 14:13:20 h a[1]: text");
  EXPECT_EQ(Raw(Make(kShape3164, kUsual, 3, 120)), "<34>Sep 21 16:13:20.123 h a: text");
  EXPECT_EQ(Raw(Make(kShape3164, kUsual | kFormYear | kFormColonAfterTime)),
            "<34>Sep 21 2026 14:13:20: h a: text");
  EXPECT_EQ(Raw(Make(kShape3164, kUsual | kFormUpperMonth)), "<34>SEP 21 14:13:20 h a: text");
  EXPECT_EQ(Raw(Make(kShape3164IsoZ, kUsual | kFormSpaceAfterPri)), "<34> 2026-09-21T14:13:20Z h a: text");
  EXPECT_EQ(Raw(Make(kShape3164IsoOffset, kUsual, 0, 60)), "<34>2026-09-21T15:13:20+01:00 h a: text");
  EXPECT_EQ(Raw(Make(kShape3164IsoLocal, kUsual | kFormNoPri, 1, 60)), "2026-09-21T15:13:20.1 h a: text");
  EXPECT_EQ(Raw(Make(kShapeUntimedTag, kFormPid | kFormColonAfterTag)), "<34>a[1]:text");
  EXPECT_EQ(Raw(Make(kShapePriOnly, 0)), "<34>text");
  EXPECT_EQ(Raw(Make(kShapePriOnly, kFormSpaceAfterPri)), "<34> text");
}

TEST(Shape, PadsTheDayAsWritten) {
  Record record = Make(kShape3164, kUsual);
  record.time = kTime - 13LL * 86400 * 1'000'000'000;
  EXPECT_EQ(Raw(record), "<34>Sep  8 14:13:20 h a: text");
  record.shape.code = kShape3164ZeroDay;
  EXPECT_EQ(Raw(record), "<34>Sep 08 14:13:20 h a: text");
  record.shape.code = kShape3164BareDay;
  EXPECT_EQ(Raw(record), "<34>Sep 8 14:13:20 h a: text");
}

TEST(Shape, TimeBeforeTheEpochPrints) {
  Record record = Make(kShape5424Z, kFormMessage, 1);
  record.time = -500'000'000;
  EXPECT_EQ(Raw(record), "<34>1 1969-12-31T23:59:59.5Z h a 1 m - text");
}

TEST(Shape, RawIsCopiedWhereItIsKept) {
  Record record = Make(kShapeRaw, 0);
  record.raw = "as it was";
  EXPECT_EQ(Raw(record), "as it was");
  record.shape.code = kShapePriOnly;
  EXPECT_EQ(Raw(record), "as it was");
  EXPECT_EQ(Raw(Make(kShapeMessageOnly, 0)), "text");
}

}  // namespace
}  // namespace cistern
