// Whether a record came back as it was stored.
#pragma once

#include <gtest/gtest.h>

#include "ingest/message/record.h"

namespace cistern {

// All fields but the octets as received, which a block may leave out where they can be made again.
inline void ExpectSame(const Record& got, const Record& want) {
  EXPECT_EQ(got.id, want.id);
  EXPECT_EQ(got.received, want.received);
  EXPECT_EQ(got.time, want.time);
  EXPECT_EQ(got.peer, want.peer);
  EXPECT_EQ(got.port, want.port);
  EXPECT_EQ(got.transport, want.transport);
  EXPECT_EQ(got.format, want.format);
  EXPECT_EQ(got.facility, want.facility);
  EXPECT_EQ(got.severity, want.severity);
  EXPECT_EQ(got.shape, want.shape);
  EXPECT_EQ(got.flags, want.flags);
  EXPECT_EQ(got.listener, want.listener);
  EXPECT_EQ(got.tls_identity, want.tls_identity);
  EXPECT_EQ(got.hostname, want.hostname);
  EXPECT_EQ(got.app_name, want.app_name);
  EXPECT_EQ(got.procid, want.procid);
  EXPECT_EQ(got.msgid, want.msgid);
  EXPECT_EQ(got.structured_data, want.structured_data);
  EXPECT_EQ(got.message, want.message);
  EXPECT_EQ(got.tags, want.tags);
}

}  // namespace cistern
