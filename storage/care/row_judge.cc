#include "storage/care/row_judge.h"

#include <algorithm>

#include "storage/sqlite/row_checksum.h"

namespace cistern {
namespace {

// Ids ascend without repetition; else false.
bool ReadIds(StoredBatch& view, RowJudgement& judgement) {
  std::uint64_t last = 0;
  for (const std::int64_t signed_id : view.Ints(Column::kId)) {
    const auto id = static_cast<std::uint64_t>(signed_id);
    if (id <= last || signed_id <= 0) return false;
    if (judgement.runs.empty() || id != last + 1) judgement.runs.push_back({id, 0});
    ++judgement.runs.back().count;
    last = id;
  }
  judgement.actual.records = view.size();
  judgement.actual.first_id = RecordId{judgement.runs.front().first};
  judgement.actual.last_id = RecordId{last};
  return true;
}

void ReadTimes(StoredBatch& view, RowJudgement& judgement) {
  BlockSummary& actual = judgement.actual;
  const auto received = view.Ints(Column::kReceived);
  actual.min_received = std::ranges::min(received);
  actual.max_received = received[0];
  for (const std::int64_t time : received) {
    judgement.disorder = std::max(judgement.disorder, actual.max_received - time);
    actual.max_received = std::max(actual.max_received, time);
  }
  for (const std::int64_t time : view.Ints(Column::kTime)) {
    if (time == kNoTime) continue;
    actual.min_time = actual.min_time == kNoTime ? time : std::min(actual.min_time, time);
    actual.max_time = actual.max_time == kNoTime ? time : std::max(actual.max_time, time);
  }
}

bool SameSummary(const BlockSummary& a, const BlockSummary& b) {
  return a.records == b.records && a.first_id == b.first_id && a.last_id == b.last_id &&
         a.min_received == b.min_received && a.max_received == b.max_received && a.min_time == b.min_time &&
         a.max_time == b.max_time;
}

void JudgeData(const WalkedRow& walked, RowJudgement& judgement) {
  if (!walked.data) {
    judgement.data_problem = "its data is missing or unreadable";
    return;
  }
  if (!VerifyBlock(*walked.data)) {
    judgement.data_problem = "its data is damaged";
    return;
  }
  auto view = OpenBlock(walked.data);
  if (!view || (*view)->size() == 0 || !ReadIds(**view, judgement)) {
    judgement.data_problem = "its ids are not in order";
    return;
  }
  ReadTimes(**view, judgement);
  if (judgement.actual.first_id != walked.row.summary.first_id)
    judgement.data_problem = "its data is that of another batch";
}

void JudgeOwnColumns(const WalkedRow& walked, RowJudgement& judgement) {
  const LogRow& row = walked.row;
  if (!row.sound) {
    judgement.row_problem = "the checksum of its row does not fit";
  } else if (!SameSummary(row.summary, judgement.actual)) {
    judgement.row_problem = "its counts or ranges are not those of its data";
  } else if (row.table == LogTable::kBlock && row.data_bytes != walked.data->size()) {
    judgement.row_problem = "its data has another length";
  }
}

void JudgeIndex(const WalkedRow& walked, RowJudgement& judgement) {
  const LogRow& row = walked.row;
  Result<SealedBlock> again = IndexAgain(walked.data);
  if (!again) {
    judgement.data_problem = "its data is damaged";
    return;
  }
  std::uint64_t words_bytes = 0;
  for (const std::string& chunk : again->chunks) words_bytes += chunk.size();
  const bool readable = row.index_checksum == BlobChecksum(*row.index, ToInt(row.summary.first_id));
  const auto same_words = [&] {
    for (std::size_t i = 0; i < kWordChunks; ++i)
      if (!walked.words[i] || *walked.words[i] != again->chunks[i]) return false;
    return row.words_bytes == words_bytes;
  };
  if (!readable) {
    judgement.index_problem = "its index is damaged";
  } else if (*row.index != again->index) {
    judgement.index_problem = "its index does not fit its data";
  } else if (!same_words()) {
    judgement.index_problem = "its words are damaged or do not fit its data";
  } else {
    return;
  }
  judgement.again = std::move(*again);
}

}  // namespace

RowJudgement JudgeRow(const WalkedRow& walked) {
  RowJudgement judgement;
  JudgeData(walked, judgement);
  if (!judgement.data_problem.empty()) return judgement;
  JudgeOwnColumns(walked, judgement);
  if (walked.row.table == LogTable::kBlock) JudgeIndex(walked, judgement);
  return judgement;
}

}  // namespace cistern
