#include "storage/filter/literal_set.h"

#include <hs.h>

#include <mutex>

namespace cistern::filter {
namespace {

struct Call {
  LiteralSet::Found found;
  void* context;
};

int OnMatch(unsigned id, unsigned long long, unsigned long long to, unsigned, void* context) {
  const Call& call = *static_cast<const Call*>(context);
  call.found(call.context, id, static_cast<std::size_t>(to));
  return 0;
}

}  // namespace

struct LiteralSet::Impl {
  ~Impl() {
    for (hs_scratch_t* scratch : idle) hs_free_scratch(scratch);
    hs_free_database(database);
  }
  // Null: no memory.
  hs_scratch_t* Take() {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        hs_scratch_t* scratch = idle.back();
        idle.pop_back();
        return scratch;
      }
    }
    hs_scratch_t* scratch = nullptr;
    return hs_alloc_scratch(database, &scratch) == HS_SUCCESS ? scratch : nullptr;
  }
  void GiveBack(hs_scratch_t* scratch) {
    const std::lock_guard lock(mutex);
    idle.push_back(scratch);
  }

  hs_database_t* database = nullptr;
  std::mutex mutex;
  std::vector<hs_scratch_t*> idle;  // guarded by mutex
};

LiteralSet::LiteralSet(const std::vector<std::string>& literals) : impl_(std::make_unique<Impl>()) {
  if (hs_valid_platform() != HS_SUCCESS) return;
  std::vector<const char*> texts;
  std::vector<unsigned> flags, ids;
  std::vector<std::size_t> sizes;
  for (const std::string& literal : literals) {
    ids.push_back(static_cast<unsigned>(texts.size()));
    texts.push_back(literal.data());
    sizes.push_back(literal.size());
    flags.push_back(HS_FLAG_CASELESS);
  }
  hs_compile_error_t* error = nullptr;
  usable_ = hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), sizes.data(),
                                 static_cast<unsigned>(texts.size()), HS_MODE_BLOCK, nullptr,
                                 &impl_->database, &error) == HS_SUCCESS;
  hs_free_compile_error(error);
}

LiteralSet::~LiteralSet() = default;

bool LiteralSet::Scan(std::string_view text, Found found, void* context) const {
  hs_scratch_t* scratch = usable_ ? impl_->Take() : nullptr;
  if (scratch == nullptr) return false;
  Call call{found, context};
  const auto done =
      hs_scan(impl_->database, text.data(), static_cast<unsigned>(text.size()), 0, scratch, &OnMatch, &call);
  impl_->GiveBack(scratch);
  return done == HS_SUCCESS;
}

}  // namespace cistern::filter
