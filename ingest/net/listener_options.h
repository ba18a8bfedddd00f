// Options of one listener, already validated by the configuration.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "ingest/framing/frame_decoder.h"
#include "ingest/message/record.h"
#include "ingest/net/sender_rules.h"
#include "ingest/parse/zone.h"

namespace cistern {

enum class ClientAuth : std::uint8_t { kNone, kOptional, kRequired };

struct TlsOptions {
  std::string cert_file;       // PEM chain, leaf first
  std::string key_file;        // PEM
  std::string client_ca_file;  // PEM; empty: client certificates cannot be verified
  ClientAuth client_auth = ClientAuth::kNone;
  std::chrono::milliseconds handshake_timeout{10'000};
  std::string application_protocol;  // for ALPN (RFC 7301); empty: none is agreed on
};

struct ListenerOptions {
  std::string name;                              // unique; [a-z0-9_-]{1,63}
  Transport transport = Transport::kUdp;         // kUdp, kTcp, kTls or kUnix
  std::string host;                              // numeric address; "::" and "0.0.0.0" bind all
  std::uint16_t port = 0;                        // 0: the kernel chooses (tests)
  std::string unix_path;                         // kUnix
  std::uint32_t unix_mode = 0666;                // permissions of the socket file
  std::size_t receive_buffer = 8 * 1024 * 1024;  // octets asked of the kernel (UDP, Unix)
  int sockets = 1;                      // UDP: sockets sharing the port (SO_REUSEPORT), one thread each
  FrameOptions framing;                 // TCP, TLS
  std::size_t max_message = 64 * 1024;  // octets; longer is truncated and flagged
  std::chrono::milliseconds idle_timeout{300'000};          // 0: none
  std::chrono::milliseconds partial_frame_timeout{30'000};  // 0: none
  int max_connections = 1024;                               // 0: none
  int max_connections_per_peer = 64;                        // 0: none
  std::shared_ptr<const Zone> zone;                         // null: the table's default
  TlsOptions tls;                                           // kTls
  SenderRules senders;                                      // kUdp, kTcp, kTls
  bool operator==(const ListenerOptions&) const = delete;
};

}  // namespace cistern
