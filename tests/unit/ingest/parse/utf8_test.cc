#include "ingest/parse/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace cistern {
namespace {

// The octets of one code point in the general form of RFC 3629, whatever its value.
std::string Encode(unsigned code, int size) {
  if (size == 1) return std::string(1, static_cast<char>(code));
  std::string out;
  const unsigned lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  out.push_back(static_cast<char>(lead[size] | code >> (6 * (size - 1))));
  for (int i = size - 2; i >= 0; --i) out.push_back(static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3f)));
  return out;
}

int ShortestSize(unsigned code) { return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4; }

TEST(Utf8, EveryCodePointInItsShortestFormOnly) {
  for (unsigned code = 0; code < 0x1fffff; code += code < 0x3000 ? 1 : 251) {
    const bool valid = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    for (int size = ShortestSize(code); size <= 4; ++size) {
      EXPECT_EQ(IsUtf8(Encode(code, size)), valid && size == ShortestSize(code)) << code << " in " << size;
    }
  }
}

TEST(Utf8, EdgesOfTheRanges) {
  for (const unsigned code :
       {0x7fu, 0x80u, 0x7ffu, 0x800u, 0xd7ffu, 0xe000u, 0xfffdu, 0xffffu, 0x10000u, 0x10ffffu}) {
    EXPECT_TRUE(IsUtf8(Encode(code, ShortestSize(code)))) << code;
  }
  for (const unsigned code : {0xd800u, 0xdfffu, 0x110000u, 0x1fffffu}) {
    EXPECT_FALSE(IsUtf8(Encode(code, ShortestSize(code)))) << code;
  }
}

TEST(Utf8, BadOctetIsFoundAtEveryPlace) {
  for (std::size_t size = 1; size < 200; ++size) {
    std::string text(size, 'a');
    EXPECT_TRUE(IsUtf8(text));
    for (std::size_t at = 0; at < size; ++at) {
      text[at] = '\x80';
      EXPECT_FALSE(IsUtf8(text)) << at << " of " << size;
      text[at] = 'a';
    }
  }
}

TEST(Utf8, SequenceCutShortIsBad) {
  for (const std::string whole : {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
    EXPECT_TRUE(IsUtf8(whole + "a" + whole));
    for (std::size_t n = 1; n < whole.size(); ++n) {
      EXPECT_FALSE(IsUtf8(whole.substr(0, n)));
      EXPECT_FALSE(IsUtf8(whole.substr(0, n) + "a"));
      EXPECT_FALSE(IsUtf8(std::string(64, 'a') + whole.substr(0, n) + whole));
    }
  }
}

TEST(Utf8, EmptyIsValid) { EXPECT_TRUE(IsUtf8("")); }

}  // namespace
}  // namespace cistern
