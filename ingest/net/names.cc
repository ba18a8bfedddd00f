#include "ingest/net/sink.h"

namespace cistern {

std::string_view DropReasonName(DropReason reason) {
  switch (reason) {
    case DropReason::kQueueFull:
      return "queue_full";
    case DropReason::kDuplicate:
      return "duplicate";
    case DropReason::kDiskFull:
      return "disk_full";
    case DropReason::kStoreError:
      return "store_error";
    case DropReason::kShutdown:
      return "shutdown";
    case DropReason::kEmpty:
      return "empty";
    case DropReason::kRule:
      return "rule";
    case DropReason::kDenied:
      return "denied";
  }
  return "";
}

std::string_view CloseReasonName(CloseReason reason) {
  switch (reason) {
    case CloseReason::kPeerClosed:
      return "peer_closed";
    case CloseReason::kReadError:
      return "read_error";
    case CloseReason::kIdleTimeout:
      return "idle_timeout";
    case CloseReason::kPartialFrameTimeout:
      return "partial_frame_timeout";
    case CloseReason::kFramingLost:
      return "framing_lost";
    case CloseReason::kHandshakeTimeout:
      return "handshake_timeout";
    case CloseReason::kHandshakeFailed:
      return "handshake_failed";
    case CloseReason::kPlaintextOnTls:
      return "plaintext_on_tls";
    case CloseReason::kTotalLimit:
      return "total_limit";
    case CloseReason::kPeerLimit:
      return "peer_limit";
    case CloseReason::kOutOfDescriptors:
      return "out_of_descriptors";
    case CloseReason::kDraining:
      return "draining";
    case CloseReason::kDenied:
      return "denied";
    case CloseReason::kProxyRefused:
      return "proxy_refused";
  }
  return "";
}

}  // namespace cistern
