// A seed for hashes over texts that senders choose: they could collide a known one.
#pragma once

#include <cstdint>
#include <random>

namespace cistern {

inline std::uint64_t RandomSeed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace cistern
