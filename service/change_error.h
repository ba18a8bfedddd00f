// Why a change to targets, rules or silences was refused, or an object was not found.
#pragma once

#include <boost/system/error_code.hpp>
#include <string>

namespace cistern {

struct ChangeError {
  enum class Kind {
    kInvalid,
    kNotFound,
    kConflict,           // another revision is current
    kFromConfiguration,  // it belongs to the configuration file, or is in the wrong state
    kOutOfRange,
    kTooMany,
    kStopping,
    kStore,  // `store` says what
  };
  Kind kind;
  std::string text;  // a sentence for the user
  boost::system::error_code store;
};

}  // namespace cistern
