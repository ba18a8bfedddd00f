#include "service/door/visitors.h"

#include <sys/random.h>

#include <array>
#include <stdexcept>

namespace cistern {
namespace {

constexpr auto kStay = std::chrono::minutes(1);
constexpr std::size_t kMostLeft = 4096;

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
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  left_.emplace_back(now, mark);
  while (left_.size() > kMostLeft || now - left_.front().first >= kStay) {
    visitors_.erase(left_.front().second);
    left_.pop_front();
  }
}

VisitorPtr Visitors::Find(std::string_view mark) const {
  const std::lock_guard lock(mutex_);
  const auto found = visitors_.find(std::string(mark));
  return found == visitors_.end() ? nullptr : found->second;
}

}  // namespace cistern
