// Why something could not be done with events: the usual reasons.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "service/change_error.h"

namespace cistern {

inline ChangeError Invalid(std::string text) { return {ChangeError::Kind::kInvalid, std::move(text), {}}; }
inline ChangeError NoSuchEvent(std::uint64_t id) {
  return {ChangeError::Kind::kNotFound, "there is no event " + std::to_string(id), {}};
}
inline ChangeError StoreTrouble(const boost::system::error_code& error) {
  return {ChangeError::Kind::kStore, error.message(), error};
}

}  // namespace cistern
