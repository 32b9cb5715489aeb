// SPDX-License-Identifier: MIT
#pragma once

#include <ctime>

#include <cstdint>

namespace wgq {

// Nanoseconds of a clock that keeps running during suspend, so that keys age while a laptop sleeps.
inline std::uint64_t boottime_ns() {
#ifdef CLOCK_BOOTTIME
  constexpr clockid_t clock = CLOCK_BOOTTIME;
#else
  constexpr clockid_t clock = CLOCK_MONOTONIC;
#endif
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace wgq
