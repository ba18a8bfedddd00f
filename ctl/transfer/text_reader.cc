#include "ctl/transfer/text_reader.h"

#include <algorithm>

namespace cistern::ctl {
namespace {

constexpr std::size_t kPieceBytes = 256 << 10;

FrameOptions OptionsFor(std::string_view head, std::size_t max_message) {
  FrameOptions options;
  options.framing = IsOctetCounted(head) ? Framing::kAuto : Framing::kLine;
  options.trailer = Trailer::kLf;
  options.max_message = max_message;
  options.max_frame = std::max(options.max_frame, 2 * max_message);
  return options;
}

}  // namespace

bool IsOctetCounted(std::string_view head) {
  const auto digits = head.find_first_not_of("0123456789");
  return digits != std::string_view::npos && digits > 0 && digits <= 8 && head[0] != '0' &&
         head.substr(digits).starts_with(" <");
}

TextReader::TextReader(ByteSource& source, std::size_t max_message)
    : source_(source), decoder_(OptionsFor(source.head(), max_message)), buffer_(kPieceBytes) {}

Result<std::optional<Frame>, FileError> TextReader::Next() {
  using Out = std::optional<Frame>;
  while (!ended_) {
    if (auto frame = decoder_.Next()) return Out(*frame);
    const auto read = source_.Read(buffer_.data(), buffer_.size());
    if (!read) return read.error();
    ended_ = *read == 0;
    if (!ended_) decoder_.Feed({buffer_.data(), *read});
  }
  return Out(decoder_.Finish());
}

}  // namespace cistern::ctl
