// The key of a record: the values of some of its fields.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/result.h"
#include "storage/filter/filter.h"

namespace cistern {

// Stands for a key; that two keys have the same one does not happen.
struct KeyDigest {
  std::uint64_t high = 0, low = 0;
  auto operator<=>(const KeyDigest&) const = default;
};
struct KeyDigestHash {
  std::size_t operator()(const KeyDigest& digest) const { return digest.low; }
};

class RecordKey {
 public:
  // The error says which name is no field.
  struct Error {
    std::size_t index = 0;
    std::string message;
  };
  template <class Names>
  static Result<RecordKey, Error> Parse(const Names& names) {
    RecordKey key;
    for (const auto& name : names) {
      if (auto error = key.Add(name); !error.empty()) return Error{key.fields_.size(), std::move(error)};
    }
    return key;
  }

  bool empty() const { return fields_.empty(); }
  // Keyed by a number of this process, so that nobody can choose what falls together.
  KeyDigest Digest(const Record& record) const;
  // For people: values with commas between them, a comma or backslash in one behind a backslash; each cut to
  // 256 octets.
  std::string Text(const Record& record) const;

 private:
  std::string Add(std::string_view name);

  std::vector<FieldRef> fields_;
};

}  // namespace cistern
