// SPDX-License-Identifier: MIT
#pragma once

#include <sys/utsname.h>

#include <cstdio>

namespace wgq {

// Whether the running kernel handles merged UDP packets correctly: before 6.8.5 they break vxlan and geneve inside the
// tunnel (data-plane §2.4).
inline bool udp_merging_is_safe() {
  utsname name{};
  unsigned major = 0, minor = 0, patch = 0;
  if (::uname(&name) < 0 || std::sscanf(name.release, "%u.%u.%u", &major, &minor, &patch) < 2) return false;
  return major * 1'000'000ull + minor * 1'000ull + patch >= 6'008'005ull;
}

}  // namespace wgq
