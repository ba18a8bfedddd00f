// Finds many literals in texts at once, without regard to ASCII case. Linear in the text.
//
// Immutable, hence shared by threads: each call has working memory of its own, which is kept for the next.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cistern::filter {

class LiteralSet {
 public:
  // At least one, none empty.
  explicit LiteralSet(const std::vector<std::string>& literals);
  ~LiteralSet();
  LiteralSet(const LiteralSet&) = delete;
  LiteralSet& operator=(const LiteralSet&) = delete;

  // False: this machine cannot, or there was no memory. Then Scan() finds nothing.
  bool usable() const { return usable_; }
  // Calls `found(context, literal, end)` for each occurrence, about in order.
  using Found = void (*)(void* context, std::uint32_t literal, std::size_t end);
  // False: it could not be done.
  bool Scan(std::string_view text, Found found, void* context) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  bool usable_ = false;
};

}  // namespace cistern::filter
