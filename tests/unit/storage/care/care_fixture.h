// A store, and what is done to it from outside.
#pragma once

#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "storage/care/backup.h"
#include "storage/care/check.h"
#include "tests/unit/storage/sqlite/store_fixture.h"

namespace cistern::testing {

class CareTest : public StoreTest {
 protected:
  // Two commits into one block each, and one that stays in the tail; ids 1 to 40100.
  void FillOneFile() {
    MustAppend(Texts("Accepted publickey for alice from 10.0.0.", 20000));
    MustAppend(Texts("GET /index.html 200 ", 20000));
    MustAppend(Texts("link up on port ", 100));
  }
  static std::vector<std::string> Texts(const std::string& begin, int count) {
    std::vector<std::string> texts;
    for (int i = 0; i < count; ++i) texts.push_back(begin + std::to_string(i));
    return texts;
  }
  void Close() { store_.reset(); }

  std::string MakeBackup(const std::function<void()>& between = {}) {
    Result<std::unique_ptr<Backup>> backup = Backup::Begin(*store_, {options_.dir, 0, at_point_});
    EXPECT_TRUE(backup.has_value()) << backup.error().message();
    if (!backup) return {};
    std::string all, piece;
    while (!(*backup)->done()) {
      const auto next = (*backup)->Next(100'000, piece);
      EXPECT_TRUE(next.has_value()) << next.error().message();
      if (!next) return {};
      all += piece;
      if (between) between();
    }
    notes_ = (*backup)->TakeNotes();
    return WriteFile("backup.cistern", all);
  }
  std::string WriteFile(const std::string& name, const std::string& content) const {
    const std::string path = dir_ + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  static std::string ReadFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::vector<Finding> CheckDir() {
    std::string holder;
    Result<std::unique_ptr<StoreCheck>> check = StoreCheck::OfDir(options_.dir, holder);
    EXPECT_TRUE(check.has_value()) << check.error().message();
    return check ? Finish(**check) : std::vector<Finding>();
  }
  std::vector<Finding> CheckStore() {
    Result<std::unique_ptr<StoreCheck>> check = StoreCheck::OfStore(*store_, options_.dir);
    EXPECT_TRUE(check.has_value()) << check.error().message();
    return check ? Finish(**check) : std::vector<Finding>();
  }
  std::vector<Finding> Finish(StoreCheck& check) {
    std::vector<Finding> findings;
    while (!check.done()) check.Step(findings);
    progress_ = check.progress();
    return findings;
  }
  // For the message of an assertion.
  static std::string Texts(const std::vector<Finding>& findings) {
    std::string text;
    for (const Finding& finding : findings) text += finding.file + ": " + finding.text + "\n";
    return text;
  }

  std::function<void(std::string_view)> at_point_;
  std::vector<std::string> notes_;
  CheckProgress progress_;
};

}  // namespace cistern::testing
