#include "storage/store.h"

namespace cistern {
namespace {

// Boost's base class has no virtual destructor on purpose; categories live for ever.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "cistern.store"; }
  std::string message(int value) const override {
    switch (static_cast<StoreErrc>(value)) {
      case StoreErrc::kLocked:
        return "another process uses the store; stop it or choose another storage.dir";
      case StoreErrc::kTooNew:
        return "a newer release wrote the store; install that release";
      case StoreErrc::kDiskFull:
        return "the disk is full or below the reserve; free space";
      case StoreErrc::kIoError:
        return "a write to the store failed; check the disk";
      case StoreErrc::kCorrupt:
        return "the store is damaged";
      case StoreErrc::kBusy:
        return "the store is busy; try again";
      case StoreErrc::kNotFound:
        return "not found";
      case StoreErrc::kNoAccess:
        return "the storage folder cannot be created, read or written; check its owner and mode";
      case StoreErrc::kForeignToken:
        return "the resume token belongs to another store";
      case StoreErrc::kConflict:
        return "changed meanwhile; read again and retry";
      case StoreErrc::kCancelled:
        return "cancelled by the caller";
      case StoreErrc::kDeadline:
        return "the deadline passed";
    }
    return "unknown store error";
  }
};
#pragma GCC diagnostic pop

}  // namespace

const boost::system::error_category& StoreCategory() {
  static const Category category;
  return category;
}

boost::system::error_code make_error_code(StoreErrc errc) {
  return {static_cast<int>(errc), StoreCategory()};
}

}  // namespace cistern
