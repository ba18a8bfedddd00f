// The buffers of one recvmmsg call.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace cistern {

// Reused by every call; the octets that arrived are copied out, so that only used pages are ever resident.
// Threads: one.
class DatagramSlots {
 public:
  // 120 slots of 64 KiB stay below 8 MiB, even when every page has been touched.
  static constexpr int kSlots = 120;

  explicit DatagramSlots(std::size_t max_message);

  // Number of datagrams received, 0 when none is there, -1 on error (errno).
  int Receive(int fd);
  std::string_view octets(int i) const;
  bool truncated(int i) const { return (headers_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0; }
  const sockaddr_storage& source(int i) const { return sources_[i]; }

 private:
  const std::size_t stride_;
  std::unique_ptr<char[]> octets_;
  std::vector<sockaddr_storage> sources_;
  std::vector<iovec> vectors_;
  std::vector<mmsghdr> headers_;
};

}  // namespace cistern
