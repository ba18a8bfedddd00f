#include "service/rules/record_key.h"

#include <xxhash.h>

#include <random>

#include "storage/query/field_text.h"

namespace cistern {
namespace {

constexpr std::size_t kLongestValue = 256;

std::uint64_t Seed() {
  static const std::uint64_t seed = [] {
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
  }();
  return seed;
}

}  // namespace

std::string RecordKey::Add(std::string_view name) {
  auto field = ParseField(name);
  if (!field) return field.error().ToString();
  fields_.push_back(std::move(*field));
  return {};
}

KeyDigest RecordKey::Digest(const Record& record) const {
  std::string text;
  for (const FieldRef& field : fields_) {
    const std::size_t begin = text.size();
    AppendFieldText(record, field, text);
    const std::uint64_t size = text.size() - begin;
    text.append(reinterpret_cast<const char*>(&size), sizeof size);
  }
  const XXH128_hash_t hash = XXH3_128bits_withSeed(text.data(), text.size(), Seed());
  return {hash.high64, hash.low64};
}

std::string RecordKey::Text(const Record& record) const {
  std::string text, value;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (i > 0) text += ',';
    value.clear();
    AppendFieldText(record, fields_[i], value);
    value.resize(std::min(value.size(), kLongestValue));
    for (const char c : value) {
      if (c == ',' || c == '\\') text += '\\';
      text += c;
    }
  }
  return text;
}

}  // namespace cistern
