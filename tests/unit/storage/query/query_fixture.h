// A store of a few batches and shorthand for asking it.
#pragma once

#include <string>
#include <vector>

#include "storage/query/query.h"
#include "tests/unit/storage/fake_store.h"

namespace cistern {

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kStart = 1'795'082'400 * kSecond;  // 2026-11-19T10:00:00Z

inline Record MakeRecord(std::string_view message, std::int64_t received_seconds) {
  Record record;
  record.message = message;
  record.received = kStart + received_seconds * kSecond;
  return record;
}

// Ids 1 to 9 in three batches, received in seconds 1 to 9; odd ids say "odd", even ones "even".
inline void FillStore(FakeStore& store) {
  for (int batch = 0; batch < 3; ++batch) {
    std::vector<Record> records;
    for (int i = 1; i <= 3; ++i)
      records.push_back(MakeRecord((batch * 3 + i) % 2 ? "odd" : "even", batch * 3 + i));
    store.AddBatch(std::move(records));
  }
}

struct Answer {
  std::vector<std::uint64_t> ids;
  QueryResult result;
  QueryCost cost;
  boost::system::error_code error;
};

inline Answer Ask(Store& store, const QueryOptions& options, const QueryControl& control = {}) {
  Answer answer;
  const auto result = RunQuery(
      store, options, control,
      [&](BatchView& view, const std::vector<std::uint32_t>& rows) {
        for (const auto row : rows) answer.ids.push_back(ToInt(view.Row(row).id));
        return true;
      },
      &answer.cost);
  if (result) answer.result = *result;
  if (!result) answer.error = result.error();
  return answer;
}

using Ids = std::vector<std::uint64_t>;

}  // namespace cistern
