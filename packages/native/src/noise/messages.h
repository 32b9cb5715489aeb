// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

// Layout of the handshake messages, offsets in bytes (protocol §2).
namespace wgq {

namespace initiation {
inline constexpr std::size_t ephemeral = 8, sealed_static = 40, sealed_timestamp = 88, mac1 = 116;
}
namespace response {
inline constexpr std::size_t ephemeral = 12, sealed_nothing = 44, mac1 = 60;
}

}  // namespace wgq
