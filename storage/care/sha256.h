// SHA-256 of a stream of octets.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace cistern {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void Add(std::string_view octets);
  // 64 hex digits, as sha256sum prints them; begins anew.
  std::string Finish();

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace cistern
