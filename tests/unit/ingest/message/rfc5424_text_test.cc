#include "ingest/message/rfc5424_text.h"

#include <gtest/gtest.h>

#include "ingest/message/shape.h"

namespace cistern {
namespace {

TEST(Rfc5424TextTest, RendersAnyRecord) {
  Record record;
  record.format = Format::kRfc3164;
  record.time = 1'767'319'445'123'456'789;  // 2026-01-02T02:04:05Z
  record.shape.utc_offset_minutes = -90;
  record.hostname = "two words";
  const std::string app(60, 'a');
  record.app_name = app;
  record.procid = "\xff";
  record.message = "line\nline";
  std::string text;
  RenderRfc5424(record, text);
  EXPECT_EQ(text,
            "<13>1 2026-01-02T00:34:05.123456-01:30 two?words " + app.substr(0, 48) + " ? - - line\nline");
  record = {};
  RenderRfc5424(record, text);
  EXPECT_EQ(text, "<13>1 - - - - - -");
}

TEST(Rfc5424TextTest, WhatWasRfc5424ComesBackAsItWas) {
  Record record;
  record.format = Format::kRfc5424;
  record.raw = "<13>1 2026-01-02T03:04:05.120000+01:00 h a - - -  x";
  std::string text;
  RenderRfc5424(record, text);
  EXPECT_EQ(text, record.raw);
}

}  // namespace
}  // namespace cistern
