// Growing output buffer and bounded input for the column codecs: LEB128 varints, zigzag for signed values,
// little-endian fixed widths.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace cistern {

// Difference and sum that wrap, so that any 64-bit values can be coded as deltas.
constexpr std::int64_t WrapSub(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
constexpr std::int64_t WrapAdd(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
constexpr std::int64_t WrapMul(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}
constexpr std::uint64_t ZigZag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t UnZigZag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

// Keeps its memory over Clear(), so a reused buffer does not allocate.
class ByteBuffer {
 public:
  static constexpr std::size_t kMaxVarint = 10;

  void Clear() { size_ = 0; }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  char* data() { return data_.get(); }
  std::string_view view() const { return {data_.get(), size_}; }
  // Room for `bytes` more; returns where they go. Commit() makes them part of the buffer.
  char* Reserve(std::size_t bytes) {
    if (capacity_ - size_ < bytes) Grow(bytes);
    return data_.get() + size_;
  }
  void Commit(std::size_t bytes) { size_ += bytes; }

  void PutByte(std::uint8_t value) {
    *Reserve(1) = static_cast<char>(value);
    ++size_;
  }
  void PutVarint(std::uint64_t value) {
    char* at = Reserve(kMaxVarint);
    std::size_t n = 0;
    for (; value >= 0x80; value >>= 7) at[n++] = static_cast<char>(value | 0x80);
    at[n++] = static_cast<char>(value);
    size_ += n;
  }
  void PutSigned(std::int64_t value) { PutVarint(ZigZag(value)); }
  void PutFixed64(std::uint64_t value) { PutBytes({reinterpret_cast<const char*>(&value), sizeof value}); }
  void PutBytes(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(Reserve(bytes.size()), bytes.data(), bytes.size());
    size_ += bytes.size();
  }

 private:
  void Grow(std::size_t bytes) {
    const std::size_t wanted = std::max<std::size_t>({size_ + bytes, capacity_ * 2, 256});
    auto bigger = std::make_unique_for_overwrite<char[]>(wanted);
    if (size_ != 0) std::memcpy(bigger.get(), data_.get(), size_);
    data_ = std::move(bigger);
    capacity_ = wanted;
  }

  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// Reads what ByteBuffer wrote. After anything is missing or malformed, ok() is false and every further read
// gives 0.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return ok_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  std::uint8_t Byte() {
    if (at_ == end_) return Fail();
    return static_cast<std::uint8_t>(*at_++);
  }
  std::uint64_t Varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) return Fail();
      const auto byte = static_cast<std::uint8_t>(*at_++);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return Fail();
  }
  std::int64_t Signed() { return UnZigZag(Varint()); }
  std::uint64_t Fixed64() {
    std::uint64_t value = 0;
    const std::string_view bytes = Bytes(sizeof value);
    if (ok_) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string_view Bytes(std::uint64_t count) {
    if (count > left()) {
      Fail();
      return {};
    }
    const std::string_view bytes(at_, static_cast<std::size_t>(count));
    at_ += count;
    return bytes;
  }

 private:
  std::uint8_t Fail() {
    ok_ = false;
    at_ = end_;
    return 0;
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace cistern
