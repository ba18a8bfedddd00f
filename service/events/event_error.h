// Why something could not be done with events.
#pragma once

#include <boost/system/error_code.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace cistern {

struct EventError {
  enum class Kind {
    kInvalid,
    kNotFound,
    kOutOfRange,
    kTooMany,
    kStore,  // `store` says what
  };
  Kind kind;
  std::string text;
  boost::system::error_code store;
};

inline EventError Invalid(std::string text) { return {EventError::Kind::kInvalid, std::move(text), {}}; }
inline EventError NoSuchEvent(std::uint64_t id) {
  return {EventError::Kind::kNotFound, "there is no event " + std::to_string(id), {}};
}
inline EventError StoreTrouble(const boost::system::error_code& error) {
  return {EventError::Kind::kStore, error.message(), error};
}

}  // namespace cistern
