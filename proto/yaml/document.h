// A YAML text as a tree of nodes with positions.
//
// Limits, so that a hostile file costs little: 1 MiB of text, 32 levels, 100,000 nodes. An alias shares the
// node it names, and its anchor must be complete, so that the tree has no cycles. Tags (`!!str`) and a second
// document are refused.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/message/result.h"
#include "proto/yaml/yaml_error.h"

namespace cistern {

inline constexpr std::size_t kMaxYamlBytes = 1 << 20;
inline constexpr int kMaxYamlDepth = 32;
inline constexpr std::size_t kMaxYamlNodes = 100'000;

struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  struct Entry {
    const YamlNode* key;
    const YamlNode* value;
  };
  Kind kind = Kind::kNull;
  std::string text;                    // kScalar
  std::vector<const YamlNode*> items;  // kList
  std::vector<Entry> entries;          // kMap, in the order of the text, duplicates included
  int line = 0, column = 0;            // from 1
};

// Owns its nodes; they stay in place when it moves.
struct YamlDocument {
  std::deque<YamlNode> nodes;
  const YamlNode* root = nullptr;  // null: the text holds nothing but blanks and comments
};

// What is wrong with the text, and where.
struct YamlSyntaxError {
  int line = 0, column = 0;  // from 1; 0: not known
  std::string message;
};

// Never throws.
Result<YamlDocument, YamlSyntaxError> ParseYaml(std::string_view text);

}  // namespace cistern
