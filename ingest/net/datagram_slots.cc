#include "ingest/net/datagram_slots.h"

#include <cerrno>

namespace cistern {
namespace {

// Slots a power of two apart would all fall into the same cache sets.
constexpr std::size_t kStagger = 64 * 3;

}  // namespace

DatagramSlots::DatagramSlots(std::size_t max_message)
    : stride_(max_message + kStagger),
      octets_(std::make_unique_for_overwrite<char[]>(stride_ * kSlots)),
      sources_(kSlots),
      vectors_(kSlots),
      headers_(kSlots) {
  for (int i = 0; i < kSlots; ++i) {
    vectors_[i] = {octets_.get() + i * stride_, max_message};
    headers_[i].msg_hdr.msg_name = &sources_[i];
    headers_[i].msg_hdr.msg_iov = &vectors_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
  }
}

int DatagramSlots::Receive(int fd) {
  for (mmsghdr& header : headers_) header.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
  const int count = ::recvmmsg(fd, headers_.data(), kSlots, MSG_DONTWAIT, nullptr);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return 0;
  return count;
}

std::string_view DatagramSlots::octets(int i) const {
  return {octets_.get() + i * stride_, headers_[i].msg_len};
}

}  // namespace cistern
