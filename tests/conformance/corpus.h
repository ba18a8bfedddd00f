// Reads the shared conformance corpus: one JSON object a line, each a test case with a unique `id`.
//
// The folder is the one that the environment names in CISTERN_CORPUS, else ../shared/corpus beside the source
// tree. A plain clone has none: then the case lists are empty, and one test a file says so.
#pragma once

#include <boost/json.hpp>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace cistern::conformance {

struct CorpusCase {
  std::string id;
  boost::json::object json;

  // The octets of a base64 member; empty when it is absent.
  std::string Octets(std::string_view key) const;
};

// GoogleTest and ctest name a case by its id.
inline void PrintTo(const CorpusCase& c, std::ostream* out) { *out << c.id; }

// Where `file` is, if it is there.
std::string PathOf(std::string_view file);

// The cases of `file`, for example "framing_cases.jsonl", in its order. Empty when there is no such file;
// throws when a line is not JSON.
std::vector<CorpusCase> LoadCases(std::string_view file);

// What a test about the corpus itself does with an empty list.
struct Presence {
  bool present = false;
  bool required = false;  // CISTERN_REQUIRE_CORPUS=1: its absence is a failure
  std::string message;    // one line: what is missing and where it would go
};
Presence CheckCorpus(std::string_view file);

// A test name: letters, digits and underscores.
std::string TestName(std::string_view id);

// Throws on octets that are not base64.
std::string DecodeBase64(std::string_view text);

}  // namespace cistern::conformance
