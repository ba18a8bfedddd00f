// Messages to be sent, one behind the other in one buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cistern::ctl {

// How messages are told apart on the way: datagrams, a line feed behind each, or RFC 6587 octet counting.
enum class SendFraming : std::uint8_t { kNone, kLine, kOctet };

class Batch {
 public:
  explicit Batch(SendFraming framing) : framing_(framing) {}

  void Add(std::string_view message);
  void Clear();

  std::size_t size() const { return parts_.size(); }
  bool empty() const { return parts_.empty(); }
  // All messages with their framing.
  std::string_view octets() const { return octets_; }
  // One message without framing.
  std::string_view message(std::size_t i) const {
    return std::string_view(octets_).substr(parts_[i].start, parts_[i].size);
  }

 private:
  struct Part {
    std::size_t start;
    std::size_t size;
  };
  SendFraming framing_;
  std::string octets_;
  std::vector<Part> parts_;
};

}  // namespace cistern::ctl
