// A Store in memory for tests of what reads stores: batches of records with ids set, in arrival order.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "storage/store.h"

namespace cistern {

class FakeBatch final : public StoredBatch {
 public:
  explicit FakeBatch(std::span<const Record> records) : records_(records), view_(records) {}
  std::size_t size() const override { return view_.size(); }
  std::span<const std::int64_t> Ints(Column column) override { return view_.Ints(column); }
  StringColumn Strings(Column column) override { return view_.Strings(column); }
  PeerColumn Peers() override { return view_.Peers(); }
  Record Row(std::size_t row) override { return view_.Row(row); }
  RecordId first_id() const override { return records_.front().id; }
  RecordId last_id() const override { return records_.back().id; }
  std::int64_t min_received() const override {
    return std::ranges::min_element(records_, {}, &Record::received)->received;
  }
  std::int64_t max_received() const override {
    return std::ranges::max_element(records_, {}, &Record::received)->received;
  }
  std::uint64_t encoded_bytes() const override { return 100; }
  bool damaged() const override { return is_damaged; }

  bool is_damaged = false;

 private:
  std::span<const Record> records_;
  RecordsView view_;
};

class FakeStore final : public Store {
 public:
  // Records get the next ids. Their texts must outlive the store.
  void AddBatch(std::vector<Record> records) {
    for (Record& record : records) record.id = RecordId{++last_};
    batches_.push_back(std::move(records));
  }
  // Makes what a scan gives out, in place of a FakeBatch.
  std::function<std::unique_ptr<StoredBatch>(std::span<const Record>)> make_batch;
  // Called before each batch that a scan gives out.
  std::function<void(std::size_t batch)> on_next;
  // This batch turns out to be damaged; this error ends a scan in place of this batch.
  std::size_t damaged_batch = SIZE_MAX;
  std::pair<std::size_t, boost::system::error_code> failing_batch{SIZE_MAX, {}};
  const std::vector<Record>& batch(std::size_t i) const { return batches_[i]; }
  std::size_t batches() const { return batches_.size(); }

  std::unique_ptr<Scan> NewScan(const ScanOptions& options) override {
    return std::make_unique<FakeScan>(*this, options);
  }
  RecordId last_id() const override { return RecordId{last_}; }
  RecordId first_id() const override { return RecordId{last_ > 0 ? 1u : 0u}; }

  Result<CommitResult> Append(std::span<RecordBatch* const>, std::span<const ClientSequence>,
                              std::shared_ptr<const void>) override {
    return StoreErrc::kBusy;
  }
  Result<void> Reopen() override { return {}; }
  Result<void> CheckWritable() override { return {}; }
  std::uint64_t LastSequence(const std::string&) override { return 0; }
  Result<std::vector<Gap>> ApplyRetention() override { return std::vector<Gap>(); }
  void SetRetention(const Retention&) override {}
  void Idle() override {}
  RecordId WaitForCommit(RecordId, std::chrono::milliseconds) override { return last_id(); }
  std::uint64_t AddCommitListener(std::function<void(RecordId)>) override { return 0; }
  void RemoveCommitListener(std::uint64_t) override {}
  std::string store_id() const override { return std::string(32, '0'); }
  StoreStats Stats() override { return {}; }
  std::optional<RecordId> GetCursor(const std::string&) override { return std::nullopt; }
  Result<void> PutCursors(std::span<const std::pair<std::string, RecordId>>) override { return {}; }
  Result<void> DeleteCursor(const std::string&) override { return {}; }
  Result<std::vector<StoredObject>> ListObjects(const std::string&, const std::string&,
                                                std::size_t) override {
    return std::vector<StoredObject>();
  }
  Result<std::optional<StoredObject>> GetObject(const std::string&, const std::string&) override {
    return std::optional<StoredObject>();
  }
  Result<std::uint64_t> CountObjects(const std::string&) override { return std::uint64_t{0}; }
  Result<std::vector<std::uint64_t>> ChangeState(const StateChange&) override { return StoreErrc::kNoAccess; }
  Backlog Behind(RecordId) override { return {}; }
  void HoldRetention(std::optional<RecordId>, std::chrono::seconds) override {}
  Result<void> CopyCatalog(const std::string&) override { return StoreErrc::kNoAccess; }

 private:
  class FakeScan final : public Scan {
   public:
    FakeScan(FakeStore& store, const ScanOptions& options) : store_(store), options_(options) {}
    Result<std::unique_ptr<StoredBatch>> Next() override {
      while (done_ < store_.batches_.size()) {
        const bool newest = options_.order == ScanOrder::kNewestFirst;
        const std::size_t i = newest ? store_.batches_.size() - 1 - done_ : done_;
        ++done_;
        const auto& records = store_.batches_[i];
        if (ToInt(records.back().id) < options_.id_min || ToInt(records.front().id) > options_.id_max)
          continue;
        if (store_.on_next) store_.on_next(i);
        if (store_.failing_batch.first == i) return store_.failing_batch.second;
        if (store_.make_batch) return store_.make_batch(records);
        auto batch = std::make_unique<FakeBatch>(records);
        batch->is_damaged = store_.damaged_batch == i;
        return std::unique_ptr<StoredBatch>(std::move(batch));
      }
      return std::unique_ptr<StoredBatch>();
    }
    std::optional<Gap> TakeGap() override { return std::nullopt; }

   private:
    FakeStore& store_;
    const ScanOptions options_;
    std::size_t done_ = 0;
  };

  std::deque<std::vector<Record>> batches_;
  std::uint64_t last_ = 0;
};

}  // namespace cistern
