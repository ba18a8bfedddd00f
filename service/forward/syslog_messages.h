// Records as syslog messages, framed as a stream wants them.
#pragma once

#include <cstdint>
#include <string>

#include "service/forward/format.h"

namespace cistern {

namespace v1 {
class SyslogTarget;
}

// Not thread-safe.
class SyslogMessages {
 public:
  enum class Framing : std::uint8_t {
    kOctetCount,  // RFC 6587 section 3.4.1
    kLf,          // section 3.4.2; CR and LF inside a message become spaces
    kNone,        // datagrams
  };
  SyslogMessages(const v1::SyslogTarget& target, const std::string& store_id);

  // Appends one message; nothing when it is empty.
  void Append(const Record& record, std::string& out);

 private:
  RecordFormatter formatter_;
  const Framing framing_;
};

}  // namespace cistern
