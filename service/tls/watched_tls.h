// The certificates of one of the daemon's own servers, read again when they change.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "ingest/net/tls_context.h"

namespace cistern {

// One thread, but not_after() and stale() from any once loaded.
class WatchedTls {
 public:
  // `key`: of the configuration, for the log.
  WatchedTls(std::string key, TlsOptions options) : key_(std::move(key)), options_(std::move(options)) {}

  // The error begins with the key and names the file.
  Result<void, std::string> Load();
  // For the next connection. Files that changed are read first; those that cannot be used are told in the
  // log, and the pair before stays.
  std::shared_ptr<const TlsContext> Context();

  // Unix seconds until which the certificate in use is valid.
  std::int64_t not_after() const { return not_after_.load(std::memory_order_relaxed); }
  // The newest files are not in use, for they cannot be.
  bool stale() const { return stale_.load(std::memory_order_relaxed); }
  const TlsOptions& options() const { return options_; }

 private:
  const std::string key_;
  const TlsOptions options_;
  TlsFilesStamp stamp_;
  std::shared_ptr<const TlsContext> context_;
  std::atomic<std::int64_t> not_after_{0};
  std::atomic<bool> stale_{false};
};

}  // namespace cistern
