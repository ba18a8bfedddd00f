#include "service/door/http2_guard.h"

#include <algorithm>

#include "service/door/hpack.h"

namespace cistern {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::uint8_t kEndStream = 0x1, kAck = 0x1, kEndHeaders = 0x4, kPadded = 0x8, kHasPriority = 0x20;
constexpr std::size_t kPriorityOctets = 5;
constexpr std::size_t kLargestFrame = 16384;  // the least that every peer accepts
constexpr std::uint32_t kNoError = 0, kProtocolError = 1, kRefusedStream = 7, kCancel = 8,
                        kEnhanceYourCalm = 11, kInadequateSecurity = 12;
// As gRPC numbers them.
constexpr std::uint32_t kCancelled = 1, kPermissionDenied = 7, kResourceExhausted = 8, kInternal = 13,
                        kUnavailable = 14;

// How a call has ended whose stream was reset (gRPC over HTTP2, Errors).
std::uint32_t StatusOfReset(std::uint32_t code) {
  switch (code) {
    case kRefusedStream:
      return kUnavailable;
    case kCancel:
      return kCancelled;
    case kEnhanceYourCalm:
      return kResourceExhausted;
    case kInadequateSecurity:
      return kPermissionDenied;
    default:
      return kInternal;
  }
}

void AppendBigEndian(std::uint32_t value, int octets, std::string& out) {
  for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

void AppendHead(std::size_t length, std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                std::string& out) {
  AppendBigEndian(static_cast<std::uint32_t>(length), 3, out);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  AppendBigEndian(stream, 4, out);
}

}  // namespace

const char* TextOf(Http2Abuse abuse) {
  switch (abuse) {
    case Http2Abuse::kNotHttp2:
      return "this port speaks gRPC over HTTP/2";
    case Http2Abuse::kHeaderSize:
      return "the metadata of a call is too large";
    case Http2Abuse::kResets:
      return "too many calls were cut off one after the other";
    case Http2Abuse::kSettings:
      return "too many SETTINGS";
  }
  return "";
}

bool TokenBucket::Take(Clock::time_point now) {
  if (last_ != Clock::time_point())
    left_ = std::min(burst_, left_ + rate_ * std::chrono::duration<double>(now - last_).count());
  last_ = now;
  if (left_ < 1) return false;
  left_ -= 1;
  return true;
}

bool Http2Guard::Frames::ReadHead(std::string_view& octets) {
  while (head_size < kHeadSize && !octets.empty()) {
    head[head_size++] = static_cast<std::uint8_t>(octets.front());
    octets.remove_prefix(1);
  }
  if (head_size < kHeadSize) return false;
  left = length();
  return true;
}

std::size_t Http2Guard::Frames::length() const {
  return static_cast<std::size_t>(head[0]) << 16 | static_cast<std::size_t>(head[1]) << 8 | head[2];
}

std::uint32_t Http2Guard::Frames::stream() const {
  return (static_cast<std::uint32_t>(head[5]) & 0x7f) << 24 | static_cast<std::uint32_t>(head[6]) << 16 |
         static_cast<std::uint32_t>(head[7]) << 8 | head[8];
}

bool Http2Guard::ReadPreface(std::string_view& octets) {
  const std::size_t count = std::min(octets.size(), kPreface.size() - preface_);
  if (octets.substr(0, count) != kPreface.substr(preface_, count)) return false;
  preface_ += count;
  octets.remove_prefix(count);
  return true;
}

Http2Guard::~Http2Guard() { calls_.Add(kCancelled, open_.size()); }

bool Http2Guard::EndCall(std::uint32_t stream, std::uint32_t status) {
  if (open_.erase(stream) == 0) return false;
  calls_.Add(status);
  return true;
}

std::optional<Http2Abuse> Http2Guard::FromClient(std::string_view octets, Clock::time_point now,
                                                 std::string& out) {
  if (preface_ < kPreface.size()) {
    if (!ReadPreface(octets)) return Http2Abuse::kNotHttp2;
    if (preface_ < kPreface.size()) return std::nullopt;
    out += kPreface;
  }
  for (;;) {
    if (client_.head_size < kHeadSize) {
      if (!client_.ReadHead(octets)) return std::nullopt;
      if (const auto abuse = BeginFrame(now, out)) return abuse;
    }
    const std::string_view payload = octets.substr(0, client_.left);
    if (collect_) {
      piece_ += payload;
    } else if (forward_) {
      out += payload;
    }
    octets.remove_prefix(payload.size());
    client_.left -= payload.size();
    if (client_.left > 0) return std::nullopt;
    client_.head_size = 0;
    if (const auto abuse = EndFrame(now, out)) return abuse;
  }
}

// Decides by its head what becomes of a frame.
std::optional<Http2Abuse> Http2Guard::BeginFrame(Clock::time_point now, std::string& out) {
  forward_ = collect_ = false;
  const std::uint8_t type = client_.type();
  const bool ack = (client_.flags() & kAck) != 0;
  if (!greeted_ && (type != kSettings || ack)) return Http2Abuse::kNotHttp2;
  if (pieces_ > 0 && (type != kContinuation || client_.stream() != block_stream_))
    return Http2Abuse::kNotHttp2;
  switch (type) {
    case kHeaders:
    case kContinuation:
      return BeginHeaders();
    case kResetStream:
      if (EndCall(client_.stream(), kCancelled) && !resets_.Take(now)) return Http2Abuse::kResets;
      forward_ = true;
      break;
    case kSettings:
      if (!settings_.Take(now)) return Http2Abuse::kSettings;
      forward_ = !ack || acknowledged_;
      acknowledged_ = acknowledged_ || ack;
      break;
    case kData:
    case kPing:
    case kGoAway:
    case kWindowUpdate:
      forward_ = true;
      break;
    case 5:  // PUSH_PROMISE: not a client's
      return Http2Abuse::kNotHttp2;
    default:
      break;
  }
  if (forward_ && type != kData && client_.length() > kLargestFrame) return Http2Abuse::kNotHttp2;
  if (forward_) out.append(reinterpret_cast<const char*>(client_.head), kHeadSize);
  return std::nullopt;
}

std::optional<Http2Abuse> Http2Guard::BeginHeaders() {
  const bool first = client_.type() == kHeaders;
  if (first != (pieces_ == 0) || client_.stream() % 2 == 0) return Http2Abuse::kNotHttp2;
  const std::size_t extra = first ? kPriorityOctets + 256 : 0;
  if (client_.length() > kMaxHeaderBlock + extra ||
      block_.size() + client_.length() > kMaxHeaderBlock + extra || ++pieces_ > kMaxHeaderPieces)
    return Http2Abuse::kHeaderSize;
  if (first) {
    block_stream_ = client_.stream();
    block_flags_ = client_.flags();
  }
  collect_ = true;
  return std::nullopt;
}

std::optional<Http2Abuse> Http2Guard::EndFrame(Clock::time_point now, std::string& out) {
  if (collect_) {
    if (const auto abuse = AddToBlock()) return abuse;
    if ((client_.flags() & kEndHeaders) == 0) return std::nullopt;
    if (block_.empty()) return Http2Abuse::kNotHttp2;
    if (!IsWholeFieldBlock(block_)) return Http2Abuse::kNotHttp2;
    if (block_stream_ > last_stream_) {
      block_ += mark_;
      if (!Open(block_stream_)) return Http2Abuse::kResets;
    } else if (!resets_.Take(now)) {  // trailers, which no client of gRPC has
      return Http2Abuse::kResets;
    }
    SendBlock(out);
  } else if (!greeted_) {
    greeted_ = true;
    AppendHead(0, kSettings, kAck, 0, out);
  }
  return std::nullopt;
}

std::optional<Http2Abuse> Http2Guard::AddToBlock() {
  std::string_view fields = piece_;
  if (client_.type() == kHeaders) {
    std::size_t padding = 0;
    if ((client_.flags() & kPadded) != 0) {
      if (fields.empty()) return Http2Abuse::kNotHttp2;
      padding = static_cast<std::uint8_t>(fields.front());
      fields.remove_prefix(1);
    }
    const std::size_t priority = (client_.flags() & kHasPriority) != 0 ? kPriorityOctets : 0;
    if (fields.size() < padding + priority) return Http2Abuse::kNotHttp2;
    fields.remove_prefix(priority);
    fields.remove_suffix(padding);
  }
  block_ += fields;
  piece_.clear();
  return block_.size() > kMaxHeaderBlock ? std::optional(Http2Abuse::kHeaderSize) : std::nullopt;
}

void Http2Guard::SendBlock(std::string& out) {
  std::string_view rest = block_;
  std::uint8_t type = kHeaders, flags = block_flags_ & kEndStream;
  do {
    const std::string_view piece = rest.substr(0, kLargestFrame);
    rest.remove_prefix(piece.size());
    if (rest.empty()) flags |= kEndHeaders;
    AppendHead(piece.size(), type, flags, block_stream_, out);
    out += piece;
    type = kContinuation;
    flags = 0;
  } while (!rest.empty());
  block_.clear();
  pieces_ = 0;
}

bool Http2Guard::Open(std::uint32_t stream) {
  last_stream_ = stream;
  open_.insert(stream);
  return open_.size() <= kMaxStreams;
}

std::optional<Http2Abuse> Http2Guard::FromServer(std::string_view octets, Clock::time_point now) {
  std::optional<Http2Abuse> abuse;  // all is followed to the end, for all of it goes to the client
  for (;;) {
    if (server_.head_size < kHeadSize) {
      if (!server_.ReadHead(octets)) return abuse;
      error_code_ = 0;
    }
    const std::string_view payload = octets.substr(0, server_.left);
    octets.remove_prefix(payload.size());
    server_.left -= payload.size();
    ReadServer(payload);
    if (server_.left > 0) return abuse;
    server_.head_size = 0;
    const auto found = EndServerFrame(now);
    if (!abuse) abuse = found;
  }
}

void Http2Guard::ReadServer(std::string_view payload) {
  const std::uint8_t type = server_.type();
  if (type == kResetStream || type == kGoAway) {
    const std::size_t end = type == kResetStream ? 4 : 8,
                      before = server_.length() - server_.left - payload.size();
    for (const char octet : payload.substr(0, end - std::min(end, before)))
      error_code_ = error_code_ << 8 | static_cast<std::uint8_t>(octet);
  } else if (type == kHeaders || type == kContinuation) {
    if (type == kHeaders && (server_.flags() & (kPadded | kHasPriority)) != 0) status_.GiveUp();  // never
    status_.Take(payload, server_.left == 0 && (server_.flags() & kEndHeaders) != 0);
  }
}

// A stream that the server gives up before its end counts as one that the client cut off, since a client can
// bring that about as well. NO_ERROR is how a call ends whose client had more to say.
std::optional<Http2Abuse> Http2Guard::EndServerFrame(Clock::time_point now) {
  const std::uint8_t type = server_.type();
  const bool ends = (server_.flags() & kEndStream) != 0;
  if (type == kGoAway) server_goodbye_ = error_code_ == kNoError ? Goodbye::kOrderly : Goodbye::kFault;
  if (type == kHeaders) answered_ = ends;
  if (type == kData && ends) EndCall(server_.stream(), kStatusUnknown);
  if ((type == kHeaders || type == kContinuation) && answered_ && (server_.flags() & kEndHeaders) != 0)
    EndCall(server_.stream(), status_.status().value_or(kStatusUnknown));
  if (type != kResetStream || !EndCall(server_.stream(), StatusOfReset(error_code_))) return std::nullopt;
  return error_code_ == kNoError || resets_.Take(now) ? std::nullopt : std::optional(Http2Abuse::kResets);
}

std::string Http2Guard::LastWords(std::optional<Http2Abuse> abuse) const {
  const std::string_view text =
      abuse ? TextOf(*abuse) : "this connection made room for others; connect again";
  std::string out;
  AppendHead(8 + text.size(), kGoAway, 0, 0, out);
  AppendBigEndian(last_stream_, 4, out);
  AppendBigEndian(!abuse                            ? kNoError
                  : *abuse == Http2Abuse::kNotHttp2 ? kProtocolError
                                                    : kEnhanceYourCalm,
                  4, out);
  out += text;
  return out;
}

std::string Http2Guard::EmptySettings() {
  std::string out;
  AppendHead(0, kSettings, 0, 0, out);
  return out;
}

}  // namespace cistern
