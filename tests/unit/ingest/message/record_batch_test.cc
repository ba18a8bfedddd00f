#include "ingest/message/record_batch.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace cistern {
namespace {

TEST(Arena, CopiesStayWhereTheyAre) {
  Arena arena;
  std::vector<std::pair<std::string, std::string_view>> copies;
  for (int i = 0; i < 2000; ++i) {
    const std::string text(static_cast<std::size_t>(i), static_cast<char>('a' + i % 26));
    copies.emplace_back(text, arena.Copy(text));
  }
  for (const auto& [text, copy] : copies) EXPECT_EQ(text, copy);
}

TEST(Arena, LargeRequestGetsItsOwnChunk) {
  Arena arena;
  std::memset(arena.Allocate(10), 'a', 10);
  const std::size_t large = 3 * Arena::kChunkBytes;
  std::memset(arena.Allocate(large), 'b', large);
  std::memset(arena.Allocate(10), 'c', 10);
  EXPECT_EQ(arena.used_bytes(), large + 20);
  EXPECT_GE(arena.reserved_bytes(), arena.used_bytes());
}

TEST(Arena, ShrinkGivesBackTheEndOfTheLatest) {
  Arena arena;
  const char* first = arena.Allocate(100);
  arena.Shrink(first, 100, 30);
  EXPECT_EQ(arena.used_bytes(), 30u);
  EXPECT_EQ(arena.Allocate(10), first + 30);
}

TEST(Arena, ShrinkOfAnEarlierOneChangesNothing) {
  Arena arena;
  const char* first = arena.Allocate(100);
  const char* second = arena.Allocate(100);
  arena.Shrink(first, 100, 30);
  EXPECT_EQ(arena.used_bytes(), 200u);
  EXPECT_EQ(arena.Allocate(1), second + 100);
}

TEST(Arena, ClearKeepsOrdinaryChunksForReuse) {
  Arena arena;
  for (int i = 0; i < 8; ++i) arena.Allocate(Arena::kChunkBytes);
  arena.Allocate(5 * Arena::kChunkBytes);
  arena.Clear(2);
  EXPECT_EQ(arena.used_bytes(), 0u);
  EXPECT_EQ(arena.reserved_bytes(), 2 * Arena::kChunkBytes);
  for (int i = 0; i < 2; ++i) arena.Allocate(Arena::kChunkBytes);
  EXPECT_EQ(arena.reserved_bytes(), 2 * Arena::kChunkBytes);
}

TEST(RecordBatch, InternCopiesATextOnce) {
  RecordBatch batch;
  const std::string name = "listener";
  const std::string_view first = batch.Intern(name);
  EXPECT_EQ(first, name);
  EXPECT_NE(first.data(), name.data());
  EXPECT_EQ(batch.Intern(name).data(), first.data());
  EXPECT_EQ(batch.Intern(std::string_view(name).substr(0, 4)), "list");
  EXPECT_EQ(batch.Intern(""), "");
}

TEST(RecordBatch, ClearForgetsEverything) {
  RecordBatch batch;
  const std::string name = "listener";
  batch.records().emplace_back().listener = batch.Intern(name);
  batch.received_octets = 5;
  EXPECT_GE(batch.bytes(), sizeof(Record) + name.size());
  batch.Clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.bytes(), 0u);
  EXPECT_EQ(batch.received_octets, 0u);
  EXPECT_EQ(batch.Intern(name), name);
}

}  // namespace
}  // namespace cistern
