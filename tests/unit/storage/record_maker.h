// Makes records for the tests of the store: random ones that try every corner, and ordinary ones.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "ingest/message/record_batch.h"
#include "ingest/message/shape.h"

namespace cistern::testing {

// Any octets, any length up to about `max_length`; often empty, sometimes one of a few.
inline std::string RandomText(std::mt19937_64& random, std::size_t max_length) {
  static const std::string kFew[] = {"", "a", "web-1", std::string("\0x", 2), "\xff\xfe", "caf\xc3\xa9"};
  switch (random() % 4) {
    case 0:
      return "";
    case 1:
      return kFew[random() % std::size(kFew)];
    default:
      break;
  }
  std::string text(random() % (max_length + 1), '\0');
  for (char& octet : text) octet = static_cast<char>(random());
  return text;
}

inline std::int64_t RandomTime(std::mt19937_64& random, std::int64_t near) {
  static constexpr std::int64_t kUnits[] = {1, 1'000, 1'000'000, 1'000'000'000};
  if (random() % 8 == 0) return kNoTime;
  if (random() % 16 == 0) return static_cast<std::int64_t>(random());
  const std::int64_t unit = kUnits[random() % 4];
  return (near + static_cast<std::int64_t>(random() % 10'000'000'000)) / unit * unit;
}

inline IpAddress RandomPeer(std::mt19937_64& random) {
  if (random() % 5 == 0) return {};
  if (random() % 2 == 0) return IpAddress::V4(static_cast<std::uint32_t>(0x0a000000 + random() % 300));
  return *IpAddress::Parse("2001:db8::" + std::to_string(1 + random() % 9));
}

inline void AddRandomRecord(RecordBatch& batch, std::mt19937_64& random, std::size_t max_length = 60) {
  Record& record = batch.records().emplace_back();
  const auto text = [&](std::size_t length) { return batch.arena().Copy(RandomText(random, length)); };
  record.received = 1'790'000'000'000'000'000 + static_cast<std::int64_t>(random() % 1'000'000'000'000);
  record.time = RandomTime(random, record.received);
  record.peer = RandomPeer(random);
  record.port = static_cast<std::uint16_t>(random());
  record.transport = static_cast<Transport>(random() % 7);
  record.format = static_cast<Format>(random() % 3);
  record.facility = static_cast<Facility>(random() % 24);
  record.severity = static_cast<Severity>(random() % 8);
  record.flags = static_cast<std::uint32_t>(random() % 4 == 0 ? random() : 0);
  record.listener = text(8);
  record.tls_identity = text(20);
  record.hostname = text(30);
  record.app_name = text(20);
  record.procid = text(10);
  record.msgid = text(10);
  record.structured_data = text(max_length);
  record.message = text(max_length);
  record.tags = text(20);
  record.shape.code = random() % 3 == 0 ? kShapeRaw : kShapeMessageOnly;
  if (record.shape.code == kShapeRaw) record.raw = text(max_length);
}

// `message` from host web-1, app sshd, received at `received` ns.
inline Record& AddRecord(RecordBatch& batch, std::string_view message, std::int64_t received) {
  Record& record = batch.records().emplace_back();
  record.received = received;
  record.time = received / 1'000'000 * 1'000'000;
  record.peer = IpAddress::V4(0x0a000001);
  record.port = 40000;
  record.transport = Transport::kTcp;
  record.hostname = "web-1";
  record.app_name = "sshd";
  record.listener = "tcp";
  record.message = batch.arena().Copy(message);
  record.shape.code = kShapeMessageOnly;
  return record;
}

inline void NumberFrom(RecordBatch& batch, std::uint64_t id) {
  for (Record& record : batch.records()) record.id = RecordId{id++};
}

}  // namespace cistern::testing
