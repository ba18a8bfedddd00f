// Errors as values. Every library has its own enum and error category; all travel as
// boost::system::error_code, the type that Asio uses as well.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace cistern {

template <class T, class E = boost::system::error_code>
using Result = boost::system::result<T, E>;

}  // namespace cistern
