// A real store that fails on command.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "storage/store.h"

namespace cistern {

class FlakyStore final : public Store {
 public:
  explicit FlakyStore(std::unique_ptr<Store> real) : real_(std::move(real)) {}

  // Every Append fails with this until it is set to success again.
  void FailWith(boost::system::error_code error) { error_ = error.value(); }
  int failed_appends() const { return failed_; }
  int reopens() const { return reopens_; }

  using Store::Append;
  Result<CommitResult> Append(std::span<RecordBatch* const> batches,
                              std::span<const ClientSequence> sequences,
                              std::shared_ptr<const void> owner) override {
    if (error_ != 0) {
      ++failed_;
      return make_error_code(static_cast<StoreErrc>(error_.load()));
    }
    return real_->Append(batches, sequences, std::move(owner));
  }
  Result<void> Reopen() override {
    ++reopens_;
    return real_->Reopen();
  }
  Result<void> CheckWritable() override {
    if (error_ != 0) return make_error_code(static_cast<StoreErrc>(error_.load()));
    return real_->CheckWritable();
  }
  std::uint64_t LastSequence(const std::string& id) override { return real_->LastSequence(id); }
  Result<std::vector<Gap>> ApplyRetention() override { return real_->ApplyRetention(); }
  void SetRetention(const Retention& retention) override { real_->SetRetention(retention); }
  void Idle() override { real_->Idle(); }
  std::unique_ptr<Scan> NewScan(const ScanOptions& options) override { return real_->NewScan(options); }
  RecordId last_id() const override { return real_->last_id(); }
  RecordId first_id() const override { return real_->first_id(); }
  RecordId WaitForCommit(RecordId after, std::chrono::milliseconds timeout) override {
    return real_->WaitForCommit(after, timeout);
  }
  void WakeWaiters() override { real_->WakeWaiters(); }
  std::uint64_t AddCommitListener(std::function<void(RecordId)> f) override {
    return real_->AddCommitListener(std::move(f));
  }
  void RemoveCommitListener(std::uint64_t token) override { real_->RemoveCommitListener(token); }
  std::string store_id() const override { return real_->store_id(); }
  StoreStats Stats() override { return real_->Stats(); }
  std::optional<RecordId> GetCursor(const std::string& name) override { return real_->GetCursor(name); }
  Result<void> PutCursors(std::span<const std::pair<std::string, RecordId>> positions) override {
    if (error_ != 0) return make_error_code(static_cast<StoreErrc>(error_.load()));
    return real_->PutCursors(positions);
  }
  Result<void> DeleteCursor(const std::string& name) override { return real_->DeleteCursor(name); }
  Result<std::vector<StoredObject>> ListObjects(const std::string& kind, const std::string& after,
                                                std::size_t limit) override {
    return real_->ListObjects(kind, after, limit);
  }
  Result<std::optional<StoredObject>> GetObject(const std::string& kind, const std::string& name) override {
    return real_->GetObject(kind, name);
  }
  Result<std::uint64_t> CountObjects(const std::string& kind) override { return real_->CountObjects(kind); }
  Result<std::vector<std::uint64_t>> ChangeState(const StateChange& change) override {
    if (error_ != 0) return make_error_code(static_cast<StoreErrc>(error_.load()));
    return real_->ChangeState(change);
  }
  Backlog Behind(RecordId position) override { return real_->Behind(position); }
  void HoldRetention(std::optional<RecordId> position, std::chrono::seconds longest) override {
    real_->HoldRetention(position, longest);
  }
  Result<void> CopyCatalog(const std::string& path) override { return real_->CopyCatalog(path); }

 private:
  const std::unique_ptr<Store> real_;
  std::atomic<int> error_{0};
  std::atomic<int> failed_{0}, reopens_{0};
};

}  // namespace cistern
