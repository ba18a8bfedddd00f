#include "ingest/framing/frame_decoder.h"

#include <algorithm>
#include <cstring>

namespace cistern {
namespace {

constexpr std::size_t kMaxCountDigits = 10;
constexpr std::size_t kNone = std::string_view::npos;

bool IsCountStart(char c) { return c >= '1' && c <= '9'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool CanBeginFrame(char c) { return c == '<' || IsCountStart(c); }

std::size_t Find(std::string_view text, char octet, std::size_t from) {
  const void* hit = std::memchr(text.data() + from, octet, text.size() - from);
  return hit == nullptr ? kNone : static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
}

}  // namespace

void FrameDecoder::Feed(std::string_view octets) {
  ReleaseDelivered();
  input_ = octets;
  next_lf_ = nullptr;
}

std::optional<Frame> FrameDecoder::Next() {
  ReleaseDelivered();
  while (!input_.empty() && !failed_) {
    std::optional<Frame> frame;
    switch (stage_) {
      case Stage::kStart:
        Begin();
        break;
      case Stage::kCount:
        ReadCount();
        break;
      case Stage::kCounted:
        frame = ReadCounted();
        break;
      case Stage::kLine:
        frame = ReadLine();
        break;
    }
    if (frame) return frame;
  }
  return std::nullopt;
}

std::optional<Frame> FrameDecoder::Finish() {
  ReleaseDelivered();
  if (failed_ || stage_ == Stage::kStart) return std::nullopt;
  const bool ended_by_nul = nul_pending_;
  const std::size_t length = length_ - (ended_by_nul ? 1 : 0);
  Frame frame = Deliver({held_.data(), held_.size()}, length);
  frame.partial = !ended_by_nul;
  delivered_ = true;
  if (length == 0) return std::nullopt;
  return frame;
}

// Judges the first octet of a frame.
void FrameDecoder::Begin() {
  const char first = input_.front();
  const bool line_end = first == '\n' || first == '\r';
  if (IsCountStart(first) && options_.framing != Framing::kLine) {
    stage_ = Stage::kCount;
  } else if (options_.framing == Framing::kOctetCounting) {
    if (line_end || (first == '\0' && options_.trailer != Trailer::kLf)) {
      input_.remove_prefix(1);
    } else {
      NotACount();
    }
  } else if (line_end && after_counted_ && options_.trailer == Trailer::kNul) {
    input_.remove_prefix(1);  // elsewhere with this trailer CR and LF are data
  } else {
    stage_ = Stage::kLine;
    after_counted_ = false;
  }
}

void FrameDecoder::ReadCount() {
  for (std::size_t i = 0; i < input_.size(); ++i) {
    const char c = input_[i];
    if (c == ' ') {
      input_.remove_prefix(i + 1);
      held_ = std::vector<char>();
      length_ = 0;
      stage_ = Stage::kCounted;
      return;
    }
    if (!IsDigit(c) || length_ + i == kMaxCountDigits) return NotACount();
    count_ = count_ * 10 + static_cast<std::uint64_t>(c - '0');
    if (count_ > options_.max_frame) return NotACount();
  }
  Hold(input_);
  input_ = {};
}

std::optional<Frame> FrameDecoder::ReadCounted() {
  const std::string_view piece = input_.substr(0, static_cast<std::size_t>(count_) - length_);
  input_.remove_prefix(piece.size());
  const bool whole = length_ == 0 && piece.size() == count_;
  if (!whole) {
    Hold(piece);
    if (length_ < count_) return std::nullopt;
    delivered_ = true;
  }
  return Deliver(whole ? piece : std::string_view(held_.data(), held_.size()),
                 static_cast<std::size_t>(count_));
}

std::optional<Frame> FrameDecoder::ReadLine() {
  if (nul_pending_ && CanBeginFrame(input_.front())) {
    --length_;
    return EndLine(0, false);
  }
  nul_pending_ = false;
  const std::size_t end = FindLineEnd();
  if (end != kNone) return EndLine(end, true);
  Hold(input_);
  last_ = input_.back();
  nul_pending_ = last_ == '\0' && options_.trailer == Trailer::kAuto;
  input_ = {};
  return std::nullopt;
}

// Index of the line's terminator in the input.
std::size_t FrameDecoder::FindLineEnd() {
  if (options_.trailer == Trailer::kNul) return Find(input_, '\0', 0);
  const std::size_t lf = FindLf();
  if (options_.trailer == Trailer::kLf) return lf;
  const std::string_view line = input_.substr(0, lf);
  for (std::size_t nul = Find(line, '\0', 0); nul != kNone; nul = Find(line, '\0', nul + 1)) {
    if (options_.trailer == Trailer::kLfOrNul) return nul;
    if (nul + 1 < input_.size() && CanBeginFrame(input_[nul + 1])) return nul;
  }
  return lf;
}

// Remembers its result, so that many NUL-ended lines before one LF do not search for it again and again.
std::size_t FrameDecoder::FindLf() {
  const char* const end = input_.data() + input_.size();
  if (next_lf_ == nullptr || next_lf_ < input_.data()) {
    const std::size_t hit = Find(input_, '\n', 0);
    next_lf_ = hit == kNone ? end : input_.data() + hit;
  }
  return next_lf_ == end ? kNone : static_cast<std::size_t>(next_lf_ - input_.data());
}

// The line ends `piece` octets into the input. Empty lines yield nothing.
std::optional<Frame> FrameDecoder::EndLine(std::size_t piece, bool terminator_in_input) {
  const bool whole = length_ == 0 && held_.empty();
  std::string_view text = input_.substr(0, piece);
  const char last = piece > 0 ? text.back() : last_;
  const bool crlf = terminator_in_input && input_[piece] == '\n' && last == '\r' && length_ + piece > 0;
  input_.remove_prefix(piece + (terminator_in_input ? 1 : 0));
  if (!whole) {
    Hold(text);
    text = {held_.data(), held_.size()};
    delivered_ = true;
  }
  const std::size_t length = (whole ? piece : length_) - (crlf ? 1 : 0);
  const Frame frame = Deliver(text, length);
  if (length > 0) return frame;
  ReleaseDelivered();
  return std::nullopt;
}

// Adds to the unfinished frame; keeps what max_message allows.
void FrameDecoder::Hold(std::string_view octets) {
  length_ += octets.size();
  // The digits of a line that was first taken for a count are held before they are known to be a line.
  const std::size_t limit = std::max(options_.max_message, kMaxCountDigits);
  const std::string_view kept = octets.substr(0, limit - held_.size());
  if (kept.empty()) return;
  if (const std::size_t size = held_.size() + kept.size(); size > held_.capacity()) {
    held_.reserve(std::min(limit, std::max(size, 2 * held_.capacity())));
  }
  held_.insert(held_.end(), kept.begin(), kept.end());
}

// Makes the frame and starts over behind it.
Frame FrameDecoder::Deliver(std::string_view octets, std::size_t length) {
  Frame frame;
  frame.octets = octets.substr(0, std::min(length, options_.max_message));
  frame.truncated = length > options_.max_message;
  frame.counted = stage_ == Stage::kCounted;
  after_counted_ = frame.counted;
  stage_ = Stage::kStart;
  length_ = 0;
  count_ = 0;
  last_ = 0;
  nul_pending_ = false;
  return frame;
}

void FrameDecoder::ReleaseDelivered() {
  if (!delivered_) return;
  held_ = std::vector<char>();
  delivered_ = false;
}

void FrameDecoder::NotACount() {
  count_ = 0;
  if (options_.framing == Framing::kOctetCounting) {
    failed_ = true;
    held_ = std::vector<char>();
    stage_ = Stage::kStart;
    return;
  }
  stage_ = Stage::kLine;
  after_counted_ = false;
}

}  // namespace cistern
