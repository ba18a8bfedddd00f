// Renders the messages of a load: what sshd, kernel, cron, nginx and their like write, with varied numbers,
// addresses and names. Half carry RFC 5424 headers with structured data, half RFC 3164 headers; about 174
// octets each. Everything that does not change from message to message is rendered once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cistern::ctl {

enum class LoadFormat : std::uint8_t { kMixed, kRfc5424, kRfc3164 };

class LoadText {
 public:
  // `size`: octets of every message, padded or cut down to it as far as header and mark allow; 0: as they
  // come.
  LoadText(std::string run, unsigned sender, LoadFormat format, std::size_t size);

  // Replaces `out` by message `sequence` (see load_mark.h). `time_ns`: since the Unix epoch.
  void Render(std::uint64_t sequence, std::int64_t time_ns, std::string& out);

 private:
  // A text cut at its variable places.
  struct Piece {
    std::string literal;
    char variable = 0;  // what follows the literal; 0: nothing
  };
  struct Variant {
    bool rfc5424 = false;
    std::string before_time;  // `<PRI>1 ` or `<PRI>`
    std::string after_time;   // from the space behind the time to the start of the text
    std::vector<Piece> text;
    std::uint64_t header_sum = 0;
  };

  void AddVariants(bool rfc5424);
  void RenderTime(bool rfc5424, std::int64_t time_ns, std::string& out);
  void RenderText(const Variant& variant, std::string& out);
  void RenderVariable(char variable, std::string& out);
  void FitSize(std::size_t text_start, std::size_t mark_size, std::string& out);
  std::uint64_t Random();

  const std::string run_;
  const unsigned sender_;
  const std::size_t size_;
  std::vector<Variant> variants_;
  std::uint64_t random_;
  std::int64_t second_ = -1;    // that the two texts below show
  std::string rfc5424_second_;  // `2026-11-20T10:00:00.`
  std::string rfc3164_second_;  // `Nov 20 10:00:00`
};

}  // namespace cistern::ctl
