// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "napi/error.h"

namespace wgq {

// Attaches a TUN descriptor to its device anew, without the virtio header, which is chosen on attaching only. The device
// outlives the moment in which nobody is attached: name, index, addresses, routes, MTU and state stay; packets that are on
// their way to us are lost. The device must be in our namespace. The number of the descriptor stays too; nobody else may
// be using it meanwhile.
//
// Returns why it cannot be done: then the descriptor is what it was. Raises SystemError when the device was lost on the
// way: one that vanishes with its last user is deleted, so that nothing is left behind.
std::optional<SystemError> reattach_without_header(int tun_fd);

// Opens what attaching anew needs, for a process that cannot open anything afterwards.
void keep_spare_tun();

}  // namespace wgq
