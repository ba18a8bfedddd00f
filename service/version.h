#pragma once

namespace cistern {
// Set by CMake from project(VERSION).
#ifndef CISTERN_VERSION
#error "CISTERN_VERSION is not defined"
#endif
inline constexpr char kVersion[] = CISTERN_VERSION;
}  // namespace cistern
