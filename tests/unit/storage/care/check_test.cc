#include <sqlite3.h>

#include <memory>

#include "storage/care/repair.h"
#include "tests/unit/storage/care/care_fixture.h"

namespace cistern::testing {
namespace {

class CheckTest : public CareTest {
 protected:
  // Runs SQL on the newest log file of the closed store.
  void Sql(const std::string& sql) const {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(LogPath(LogFiles().back()).c_str(), &handle), SQLITE_OK);
    const std::unique_ptr<sqlite3, int (*)(sqlite3*)> database(handle, sqlite3_close);
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK) << sql << ": " << error;
    sqlite3_free(error);
  }
  std::string Count(const std::string& sql) const {
    sqlite3* handle = nullptr;
    sqlite3_open(LogPath(LogFiles().back()).c_str(), &handle);
    std::string answer;
    sqlite3_exec(
        handle, sql.c_str(),
        [](void* out, int, char** values, char**) {
          *static_cast<std::string*>(out) = values[0] ? values[0] : "";
          return 0;
        },
        &answer, nullptr);
    sqlite3_close(handle);
    return answer;
  }
  // One octet in the middle of a blob.
  static std::string Flip(const std::string& table, const std::string& key, int at) {
    const std::string begin = "substr(blob, 1, " + std::to_string(at) + ")";
    return "UPDATE " + table + " SET blob = CAST(" + begin + " || x'5A' || substr(blob, " +
           std::to_string(at + 2) + ") AS BLOB) WHERE " + key;
  }
  void Repair() {
    repaired_.clear();
    const auto done =
        RepairStore(options_.dir, {}, [this](const Finding& finding) { repaired_.push_back(finding); });
    ASSERT_TRUE(done.has_value()) << done.error();
  }

  std::vector<Finding> repaired_;
};

TEST_F(CheckTest, SoundStoreIsClean) {
  Open();
  FillOneFile();
  now_ += kDay;
  MustAppend(Texts("next day ", 300));
  auto findings = CheckStore();
  EXPECT_TRUE(findings.empty()) << Texts(findings);
  EXPECT_EQ(progress_.records, 40400u);
  EXPECT_EQ(progress_.files_done, 2u);
  Close();
  findings = CheckDir();
  EXPECT_TRUE(findings.empty()) << Texts(findings);
  EXPECT_EQ(progress_.records, 40400u);
}

TEST_F(CheckTest, StoreThatWasKilledIsClean) {
  Open();
  FillOneFile();
  Crash();
  const auto findings = CheckDir();
  EXPECT_TRUE(findings.empty()) << Texts(findings);
  EXPECT_EQ(progress_.records, 40100u);
}

TEST_F(CheckTest, EmptyStoreIsClean) {
  Open();
  Close();
  EXPECT_TRUE(CheckDir().empty());
}

TEST_F(CheckTest, DirectoryInUseIsLeftAlone) {
  Open();
  std::string holder;
  const auto check = StoreCheck::OfDir(options_.dir, holder);
  ASSERT_FALSE(check.has_value());
  EXPECT_EQ(check.error(), StoreErrc::kLocked);
  EXPECT_EQ(holder, std::to_string(::getpid()));
}

TEST_F(CheckTest, DamagedBlockIsNamedAndSetAside) {
  Open();
  FillOneFile();
  Close();
  Sql(Flip("data", "ordinal = (SELECT ordinal FROM block WHERE first_id = 20001)", 100));
  auto findings = CheckDir();
  ASSERT_EQ(findings.size(), 1u) << Texts(findings);
  EXPECT_EQ(findings[0].kind, FindingKind::kBatch);
  EXPECT_EQ(findings[0].file, "logs/" + LogFiles().back());
  EXPECT_EQ(ToInt(findings[0].first_id), 20001u);
  EXPECT_EQ(ToInt(findings[0].last_id), 40000u);
  EXPECT_EQ(findings[0].lost_records, 20000u);
  EXPECT_EQ(findings[0].min_received, kNoon);
  EXPECT_TRUE(findings[0].repairable);
  EXPECT_EQ(progress_.records, 20100u);

  Repair();
  ASSERT_EQ(repaired_.size(), 1u) << Texts(repaired_);
  EXPECT_EQ(repaired_[0].lost_records, 20000u);
  EXPECT_EQ(ToInt(repaired_[0].first_id), 20001u);
  EXPECT_EQ(ToInt(repaired_[0].last_id), 40000u);
  EXPECT_EQ(Count("SELECT count(*) || ' ' || sum(records) FROM quarantine WHERE length(data) > 0"),
            "1 20000");
  findings = CheckDir();
  EXPECT_TRUE(findings.empty()) << Texts(findings);
  EXPECT_EQ(progress_.records, 20100u);

  Open();
  EXPECT_EQ(ReadAll().size(), 20100u);
  EXPECT_EQ(store_->Stats().records, 20100u);
}

TEST_F(CheckTest, IndexIsMadeAgain) {
  for (const std::string& sql :
       {std::string("UPDATE block SET \"index\" = CAST(substr(\"index\", 1, 60) || x'5A5A' || "
                    "substr(\"index\", 63) AS BLOB) WHERE first_id = 1"),
        std::string("DELETE FROM words WHERE id / 16 = (SELECT ordinal FROM block WHERE first_id = 1) AND id "
                    "% 16 = 3"),
        std::string("UPDATE words SET checksum = checksum + 1")}) {
    std::filesystem::remove_all(options_.dir);
    Open();
    FillOneFile();
    Close();
    Sql(sql);
    auto findings = CheckDir();
    ASSERT_FALSE(findings.empty()) << sql;
    EXPECT_EQ(findings[0].kind, FindingKind::kIndex) << Texts(findings);
    EXPECT_EQ(ToInt(findings[0].first_id), 1u);
    EXPECT_EQ(findings[0].lost_records, 0u);
    EXPECT_EQ(progress_.records, 40100u);
    Repair();
    findings = CheckDir();
    EXPECT_TRUE(findings.empty()) << sql << "\n" << Texts(findings);
    EXPECT_EQ(progress_.records, 40100u);
  }
}

TEST_F(CheckTest, FiguresAreMadeAgain) {
  for (const std::string& sql :
       {std::string("UPDATE tail SET file_records = file_records + 1"),
        std::string("UPDATE block SET records = records - 1 WHERE first_id = 20001"),
        std::string("UPDATE block SET max_received = 5 WHERE first_id = 1"),
        std::string("INSERT INTO data VALUES(77, x'00')"), std::string("DELETE FROM runs")}) {
    std::filesystem::remove_all(options_.dir);
    Open();
    FillOneFile();
    Close();
    Sql(sql);
    auto findings = CheckDir();
    ASSERT_FALSE(findings.empty()) << sql;
    EXPECT_EQ(findings[0].kind, FindingKind::kFigures) << Texts(findings);
    Repair();
    findings = CheckDir();
    EXPECT_TRUE(findings.empty()) << sql << "\n" << Texts(findings);
    EXPECT_EQ(progress_.records, 40100u);
    Open();
    EXPECT_EQ(ReadAll().size(), 40100u) << sql;
    Close();
  }
}

TEST_F(CheckTest, MissingFileAndMissingCatalogAreFound) {
  Open();
  MustAppend({"a"});
  now_ += kDay;
  MustAppend({"b"});
  Close();
  std::filesystem::remove(LogPath(LogFiles().front()));
  auto findings = CheckDir();
  ASSERT_EQ(findings.size(), 1u) << Texts(findings);
  EXPECT_EQ(findings[0].kind, FindingKind::kFile);
  std::filesystem::remove(options_.dir + "/catalog.db");
  findings = CheckDir();
  ASSERT_EQ(findings.size(), 1u) << Texts(findings);
  EXPECT_EQ(findings[0].kind, FindingKind::kCatalog);
  EXPECT_EQ(progress_.records, 1u);
}

// Whatever octet is changed: no crash, and what is not reported still reads.
TEST_F(CheckTest, FlippedOctetsAnywhereAreFoundAndMended) {
  Open();
  MustAppend(Texts("GET /index.html 200 ", 17000));
  MustAppend(Texts("link up on port ", 100));
  Close();
  const std::string path = LogPath(LogFiles().back());
  const std::string whole = ReadFile(path);
  for (std::size_t at = 50; at < whole.size(); at += whole.size() / 23) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    WriteFile("data/logs/" + LogFiles().back(), changed);
    const auto findings = CheckDir();
    const std::uint64_t sound = progress_.records;
    if (findings.empty()) {
      EXPECT_EQ(sound, 17100u) << at;
    }
    if (!findings.empty() && findings[0].repairable) {
      Repair();
      const auto left = CheckDir();
      EXPECT_TRUE(left.empty()) << at << "\n" << Texts(findings) << "\n" << Texts(left);
      EXPECT_EQ(progress_.records, sound) << at;
    }
    std::filesystem::remove(path + ".damaged");
  }
}

TEST_F(CheckTest, RunsBesideCommits) {
  Open();
  FillOneFile();
  auto check = StoreCheck::OfStore(*store_, options_.dir);
  ASSERT_TRUE(check.has_value());
  std::vector<Finding> findings;
  for (int i = 0; !(*check)->done(); ++i) {
    (*check)->Step(findings);
    MustAppend(Texts("meanwhile ", i < 3 ? 17000 : 10));
  }
  EXPECT_TRUE(findings.empty()) << Texts(findings);
  EXPECT_GE((*check)->progress().records, 40100u);
}

}  // namespace
}  // namespace cistern::testing
