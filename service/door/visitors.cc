#include "service/door/visitors.h"

#include <sys/random.h>

#include <array>
#include <stdexcept>

namespace cistern {
namespace {

std::string RandomText() {
  std::array<unsigned char, 16> random;
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
    throw std::runtime_error("the system has no random numbers");
  std::string text;
  for (const unsigned char octet : random) {
    for (const int digit : {octet >> 4, octet & 15}) text += "0123456789abcdef"[digit];
  }
  return text;
}

}  // namespace

Visitors::Visitors() : mark_name_("x-cistern-door-" + RandomText()) {}

std::string Visitors::Add(Visitor visitor) {
  std::string mark = RandomText();
  const std::lock_guard lock(mutex_);
  visitors_.emplace(mark, std::make_shared<const Visitor>(std::move(visitor)));
  return mark;
}

void Visitors::Remove(const std::string& mark) {
  const std::lock_guard lock(mutex_);
  visitors_.erase(mark);
}

VisitorPtr Visitors::Find(std::string_view mark) const {
  const std::lock_guard lock(mutex_);
  const auto found = visitors_.find(std::string(mark));
  return found == visitors_.end() ? nullptr : found->second;
}

}  // namespace cistern
