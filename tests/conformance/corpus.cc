#include "tests/conformance/corpus.h"

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace cistern::conformance {
namespace {

std::filesystem::path CorpusFile(std::string_view file) {
  const char* folder = std::getenv("CISTERN_CORPUS");
  return std::filesystem::path(folder != nullptr && *folder != '\0' ? folder : CISTERN_DEFAULT_CORPUS) / file;
}

int Base64Value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  throw std::runtime_error("not base64");
}

}  // namespace

std::string PathOf(std::string_view file) { return CorpusFile(file).string(); }

std::string DecodeBase64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string octets;
  unsigned bits = 0;
  int held = 0;
  for (const char c : text) {
    bits = (bits << 6) | static_cast<unsigned>(Base64Value(c));
    held += 6;
    if (held < 8) continue;
    held -= 8;
    octets.push_back(static_cast<char>((bits >> held) & 0xff));
  }
  return octets;
}

std::string CorpusCase::Octets(std::string_view key) const {
  const auto* value = json.if_contains(key);
  return value == nullptr || !value->is_string() ? std::string() : DecodeBase64(value->get_string());
}

std::vector<CorpusCase> LoadCases(std::string_view file) {
  std::vector<CorpusCase> cases;
  std::ifstream in(CorpusFile(file));
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    boost::json::object json = boost::json::parse(line).as_object();
    std::string id(json.at("id").as_string());
    cases.push_back({std::move(id), std::move(json)});
  }
  return cases;
}

Presence CheckCorpus(std::string_view file) {
  const std::filesystem::path path = CorpusFile(file);
  Presence presence;
  presence.present = std::filesystem::exists(path);
  const char* required = std::getenv("CISTERN_REQUIRE_CORPUS");
  presence.required = required != nullptr && std::string_view(required) == "1";
  presence.message = "The shared cases are skipped: no " + path.lexically_normal().string() +
                     " (put the corpus there, or name its folder in CISTERN_CORPUS).";
  return presence;
}

std::string TestName(std::string_view id) {
  std::string name(id);
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

}  // namespace cistern::conformance
