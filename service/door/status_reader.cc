#include "service/door/status_reader.h"

#include <nghttp2/nghttp2.h>

#include <charconv>

namespace cistern {
namespace {

constexpr std::string_view kStatusField = "grpc-status";

std::string_view View(const std::uint8_t* octets, std::size_t size) {
  return {reinterpret_cast<const char*>(octets), size};
}

std::optional<std::uint32_t> NumberOf(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

void StatusReader::Delete::operator()(nghttp2_hd_inflater* inflater) const {
  nghttp2_hd_inflate_del(inflater);
}

void StatusReader::GiveUp() {
  gave_up_ = true;
  inflater_.reset();
  status_.reset();
}

void StatusReader::Take(std::string_view piece, bool ends_block) {
  if (gave_up_) return;
  if (!inflater_) {
    nghttp2_hd_inflater* made = nullptr;
    if (nghttp2_hd_inflate_new(&made) != 0) return GiveUp();
    inflater_.reset(made);
  }
  if (!in_block_) status_.reset();
  in_block_ = !ends_block;
  const auto* next = reinterpret_cast<const std::uint8_t*>(piece.data());
  std::size_t left = piece.size();
  for (;;) {
    nghttp2_nv field{};
    int flags = 0;
    const auto taken =
        nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, next, left, ends_block ? 1 : 0);
    if (taken < 0) return GiveUp();
    next += taken;
    left -= static_cast<std::size_t>(taken);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0 && View(field.name, field.namelen) == kStatusField)
      status_ = NumberOf(View(field.value, field.valuelen));
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
      nghttp2_hd_inflate_end_headers(inflater_.get());
      return;
    }
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && left == 0) return;
  }
}

}  // namespace cistern
