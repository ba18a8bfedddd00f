// Records such as real senders make: a few programs on a few hosts, with numbers, addresses, names and
// hashes.
#pragma once

#include <cstdint>
#include <cstdio>
#include <random>
#include <string>

#include "tests/unit/storage/record_maker.h"

namespace cistern::testing {

inline std::string Printed(const char* format, auto... values) {
  char text[512];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

inline std::string LogText(std::mt19937_64& random, std::size_t sequence) {
  static constexpr const char* kUsers[] = {"root", "alice", "bob", "www-data", "carol",
                                           "dave", "eve",   "u1",  "peggy"};
  static constexpr const char* kPaths[] = {"/usr/bin/rsync", "/api/v1/orders", "/index.html",
                                           "/static/logo.svg"};
  const auto number = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
  const char* const user = kUsers[number(9)];
  const char* const path = kPaths[number(4)];
  switch (random() % 9) {
    case 0:
      return Printed("Accepted publickey for %s from 10.%u.%u.%u port %u ssh2: SHA256:%08x", user, number(2),
                     number(9), number(256), 1024 + number(60000), static_cast<unsigned>(random()));
    case 1:
      return Printed("[%6u.%06u] IN=eth0 OUT= SRC=192.0.2.%u LEN=%u TTL=64", number(1000000), number(1000000),
                     number(256), number(1500));
    case 2:
      return Printed("(%s) CMD (test -x %s && nice -n %u run)", user, path, number(20));
    case 3:
      return Printed("\"GET %s HTTP/1.1\" %u %u id=%08x-%04x-41d4-a716-%012x", path, 200 + number(4),
                     number(1000000), static_cast<unsigned>(random()), number(65536), number(100000));
    case 4:
      return Printed("at 2026-11-%02uT%02u:%02u:%02u.%03uZ took %ums n=%zu", 1 + number(30), number(24),
                     number(60), number(60), number(1000), number(900), sequence);
    case 5:
      return "queue is empty and healthy";
    case 6:
      return "";
    case 7:
      return Printed("caf\xc3\xa9 %u \xff\xfe%c(%s)", number(10), 0, user);
    default:
      return RandomText(random, 60);
  }
}

inline void AddLogRecord(RecordBatch& batch, std::mt19937_64& random, std::size_t sequence) {
  static constexpr const char* kHosts[] = {"web-1", "web-2", "db-1", ""};
  static constexpr const char* kApps[] = {"sshd", "kernel", "CRON", "nginx", "postfix/smtpd"};
  const std::string text = LogText(random, sequence);
  Record& record =
      AddRecord(batch, text, 1'790'000'000'000'000'000 + static_cast<std::int64_t>(sequence) * 1500);
  const bool modern = random() % 2 == 0;
  record.hostname = kHosts[random() % 4];
  record.app_name = kApps[random() % 5];
  record.procid = random() % 4 == 0 ? "" : batch.arena().Copy(std::to_string(random() % 300));
  record.port = static_cast<std::uint16_t>(40000 + random() % 3);
  record.format = modern ? Format::kRfc5424 : Format::kRfc3164;
  record.severity = static_cast<Severity>(random() % 8);
  record.time = RandomTime(random, record.received);
  if (modern)
    record.structured_data =
        batch.arena().Copy(Printed("[origin ip=\"10.0.2.%u\"]", static_cast<unsigned>(random() % 9)));
  if (random() % 50 == 0) {
    record.shape.code = kShapeRaw;
    record.raw = batch.arena().Copy("<13>odd " + text);
  }
}

}  // namespace cistern::testing
