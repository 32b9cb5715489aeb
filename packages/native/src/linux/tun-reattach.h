// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "napi/error.h"

namespace wgq {

// Attaches a TUN descriptor to its device again, without the virtio header, which can only be chosen on attaching. The
// device outlives the moment in which no process is attached: name, index, addresses, routes, MTU and state stay;
// packets on their way to us are lost. The device must be in our namespace. The number of the descriptor stays too; no
// other thread may be using it meanwhile.
//
// Returns the reason if that is impossible: then the descriptor is unchanged. Raises SystemError when the device was
// lost: one that vanishes with its last user is then deleted, so that nothing is left behind.
std::optional<SystemError> reattach_without_header(int tun_fd);

// Opens the descriptor needed for attaching again, for a process that cannot open files later.
void keep_spare_tun();

}  // namespace wgq
