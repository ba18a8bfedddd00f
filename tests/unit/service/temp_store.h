// A store in a folder of its own that goes away with the test.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "ingest/message/record_batch.h"
#include "ingest/parse/parser.h"
#include "storage/store.h"

namespace cistern {

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "cistern-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no temporary folder";
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

inline std::unique_ptr<Store> OpenStore(const std::string& dir) {
  StoreOptions options;
  options.dir = dir;
  options.sync = Sync::kNormal;
  options.free_space_reserve = 0;
  auto store = Store::Open(options);
  EXPECT_TRUE(store.has_value()) << (store ? std::string() : store.error().message());
  return store ? std::move(*store) : nullptr;
}

inline std::int64_t WallNow() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Appends one parsed message to `batch`, as a listener would.
inline void AddMessage(RecordBatch& batch, std::string_view text, std::string_view peer = "192.0.2.1") {
  Record& record = batch.records().emplace_back();
  const std::int64_t now = WallNow();
  ParseMessage(batch.arena().Copy(text), ParseContext{now, nullptr}, record);
  record.received = now;
  record.peer = *IpAddress::Parse(peer);
  record.transport = Transport::kTcp;
  record.listener = batch.Intern("tcp");
}

}  // namespace cistern
