// Where configuration values come from, and what is wrong with them. Values; no I/O, no threads.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cistern {

enum class OriginKind { kDefault, kFile, kEnvironment, kFlag };

// Where a value was given.
struct Origin {
  OriginKind kind = OriginKind::kDefault;
  std::string source;  // file name, environment variable or flag; empty for a default
  int line = 0;        // from 1; 0: not known, or not a file
  int column = 0;      // from 1

  // `default`, `cistern.yaml:12`, `environment CISTERN__STORAGE__DIR`, `flag --set`.
  std::string ToString() const;
};

// Origin by key path, such as `listeners[1].tcp.max_connections`. Groups and list entries have one as well.
using Origins = std::map<std::string, Origin, std::less<>>;

// The origin of `key`, or of the nearest group around it; the default's when there is none.
const Origin& NearestOrigin(const Origins& origins, std::string_view key);

std::string JoinKey(std::string_view parent, std::string_view name);
std::string JoinIndex(std::string_view list, int index);

struct YamlError {
  Origin where;
  std::string key;  // key path; empty: the document as a whole
  std::string message;
  std::string suggestion;  // what was probably meant; may be empty

  // One line: `cistern.yaml:12:5: listeners[1].tcp.max_conections: unknown key; did you mean
  // max_connections?`
  std::string ToString() const;
};

// All that is wrong, in the order in which it was found.
struct YamlErrors {
  std::vector<YamlError> items;

  void Add(const Origin& where, std::string key, std::string message, std::string suggestion = {});
  bool empty() const { return items.empty(); }
  // One line each, each ended by LF.
  std::string ToString() const;
};

}  // namespace cistern
