// Exit codes of the programs, from sysexits.h.
#pragma once

namespace cistern {

inline constexpr int kExitOk = 0;
inline constexpr int kExitUsage = 64;        // the command line is wrong
inline constexpr int kExitUnavailable = 69;  // a port is taken, the store cannot be opened
inline constexpr int kExitSoftware = 70;     // an error of the program itself
inline constexpr int kExitConfig = 78;       // the configuration is wrong

}  // namespace cistern
