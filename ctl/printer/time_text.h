// Times for people, and as protobuf has them.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "proto/convert/time_text.h"

namespace google::protobuf {
class Duration;
class Timestamp;
}  // namespace google::protobuf

namespace cistern::ctl {

std::int64_t ToNs(const google::protobuf::Timestamp& time);
std::int64_t ToNs(const google::protobuf::Duration& duration);
void SetNs(std::int64_t ns, google::protobuf::Timestamp& time);
void SetNs(std::int64_t ns, google::protobuf::Duration& duration);

// `2h 5m`, `3d 4h`, `12s`, `250ms`: the two largest units at most, and below a second one. For people.
std::string FormatSpan(std::int64_t ns);

// `2026-11-20 11:00:00.123` in `zone`. Keeps the last second, since neighbours mostly share it.
class LocalClock {
 public:
  explicit LocalClock(absl::TimeZone zone) : zone_(zone) {}
  void AppendMillis(const google::protobuf::Timestamp& time, std::string& out);
  // Without the fraction.
  void AppendSeconds(std::int64_t seconds, std::string& out);

 private:
  absl::TimeZone zone_;
  std::int64_t second_ = INT64_MIN;
  std::string text_;
};

}  // namespace cistern::ctl
