// A folder of files, and records to write into them.
#pragma once

#include <sys/stat.h>
#include <zlib.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "ingest/message/record.h"
#include "tests/unit/service/temp_store.h"

namespace cistern {

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kNoon = 1'795'262'400 * kSecond;  // 2026-11-21T12:00:00Z

class TempFiles {
 public:
  std::string path(const std::string& name = "") const {
    return folder_.path() + (name.empty() ? "" : "/" + name);
  }

  std::string Read(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Write(const std::string& name, std::string_view text) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary) << text;
  }
  bool Has(const std::string& name) const { return std::filesystem::exists(path(name)); }
  // Paths of all files, from here.
  std::set<std::string> List() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path()))
      if (!entry.is_directory()) names.insert(entry.path().lexically_relative(path()).string());
    return names;
  }
  std::string ReadGzip(const std::string& name) const {
    gzFile file = gzopen(path(name).c_str(), "rb");
    std::string text, piece(4096, '\0');
    int got = 0;
    while ((got = gzread(file, piece.data(), 4096)) > 0) text.append(piece, 0, static_cast<std::size_t>(got));
    gzclose(file);
    return text;
  }

 private:
  TempFolder folder_;
};

// Records with the ids 1, 2 ...
class SomeRecords {
 public:
  Record& Add(std::string_view raw, std::string_view host = "web", std::string_view app = "app") {
    Record& record = records_.emplace_back();
    record.id = RecordId{records_.size()};
    record.received = kNoon;
    record.peer = *IpAddress::Parse("192.0.2.7");
    record.message = record.raw = texts_.emplace_back(raw);
    record.hostname = texts_.emplace_back(host);
    record.app_name = texts_.emplace_back(app);
    return record;
  }
  const std::vector<Record>& all() const { return records_; }

 private:
  std::deque<std::string> texts_;
  std::vector<Record> records_;
};

}  // namespace cistern
