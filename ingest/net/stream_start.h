// Watches the first octets of a stream for a PROXY header that may not be there: stored, it would be a
// message, and believed, a lie.
//
// Threads: one, that of its connection.
#pragma once

#include <string>
#include <string_view>

namespace cistern {

class StreamStart {
 public:
  // Of the next `octets` of the stream: do they make it begin with a header? The answer to the first octets
  // may be no, because they are too few to tell, and to the next ones yes.
  bool IsProxyHeader(std::string_view octets) { return !known_ && Look(octets); }
  // It can be told: the answer is no from now on, or was yes.
  bool known() const { return known_; }

 private:
  bool Look(std::string_view octets);

  std::string octets_;  // while it may still become a header; 13 at most
  bool known_ = false;
};

}  // namespace cistern
