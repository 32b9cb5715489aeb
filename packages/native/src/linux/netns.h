// SPDX-License-Identifier: MIT
#pragma once

#include <sched.h>

#include <optional>
#include <string>
#include <thread>

#include "napi/error.h"
#include "system/descriptor.h"

namespace wgq {

// Opens a network namespace by path (/run/netns/NAME, /proc/PID/ns/net).
Descriptor open_netns(const std::string& path);

// Opens the current network namespace of a TUN device, which may differ from that of its opener.
Descriptor netns_of_tun(int tun_fd);

// Runs `work` in the namespace on a separate thread, so that the process stays in its own. Raises what `work`
// raises.
template <class Work>
auto inside_netns(const Descriptor& netns, Work work) {
  std::optional<decltype(work())> result;
  std::optional<SystemError> failure;
  std::thread([&] {
    if (::setns(netns.get(), CLONE_NEWNET) < 0) {
      failure = SystemError{errno, "setns"};
      return;
    }
    try {
      result.emplace(work());
    } catch (const SystemError& error) {
      failure = error;
    }
  }).join();
  if (failure) throw *failure;
  return std::move(*result);
}

}  // namespace wgq
