#include "service/tls/watched_tls.h"

#include <spdlog/spdlog.h>

namespace cistern {

Result<void, std::string> WatchedTls::Load() {
  stamp_ = TlsFilesStamp::Of(options_);
  auto loaded = TlsContext::Load(options_);
  stale_ = !loaded;
  if (!loaded) return key_ + ": " + loaded.error();
  context_ = *std::move(loaded);
  not_after_ = context_->not_after();
  return {};
}

std::shared_ptr<const TlsContext> WatchedTls::Context() {
  if (TlsFilesStamp::Of(options_) == stamp_) return context_;
  if (const auto loaded = Load()) {
    spdlog::info("{}: a new certificate is in use", key_);
  } else {
    spdlog::error("{}; the new files are not used", loaded.error());
  }
  return context_;
}

}  // namespace cistern
