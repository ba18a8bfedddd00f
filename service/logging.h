// The daemon's own log: one line an event on standard error, as text or JSON.
#pragma once

#include <string>

namespace cistern {

// `level` debug | info | warning | error; `format` text | json. Callable again at a reload, from any thread.
void SetUpLogging(const std::string& level, const std::string& format);

}  // namespace cistern
