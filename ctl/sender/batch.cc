#include "ctl/sender/batch.h"

#include <charconv>

namespace cistern::ctl {

void Batch::Add(std::string_view message) {
  if (framing_ == SendFraming::kOctet) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, message.size()).ptr;
    octets_.append(digits, end);
    octets_.push_back(' ');
  }
  parts_.push_back({octets_.size(), message.size()});
  octets_.append(message);
  if (framing_ == SendFraming::kLine) octets_.push_back('\n');
}

void Batch::Clear() {
  octets_.clear();
  parts_.clear();
}

}  // namespace cistern::ctl
