// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

// Layout of the handshake messages, offsets in bytes (protocol §2).
namespace wgq {

namespace initiation {
inline constexpr std::size_t sender = 4, ephemeral = 8, sealed_static = 40, sealed_timestamp = 88;
}
namespace response {
inline constexpr std::size_t sender = 4, receiver = 8, ephemeral = 12, sealed_nothing = 44;
}
namespace cookie_reply {
inline constexpr std::size_t receiver = 4, nonce = 8, sealed_cookie = 32;
}

}  // namespace wgq
