// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "engine/udp-sockets.h"

namespace wgq {

// Finds loops over several tunnels of this machine: each tunnel that carries the messages of another one lowers their hop
// limit outside by a step, and what has come down to the last one has gone in circles. Of a message that this machine sent
// the hop limit is known, so that those of others, which are only passed on, are left alone. One object per thread.
class Nesting {
 public:
  // The hop limit outside of what carries this packet, 0 for the system's own; nothing for a packet that loops.
  std::optional<std::uint8_t> hop_limit(const UdpSockets& sockets, std::uint8_t outer_family, const std::uint8_t* packet,
                                        std::size_t length, std::uint64_t now);

 private:
  struct Known {
    std::uint8_t family = 0;
    std::array<std::uint8_t, 16> address{};
    bool is_ours = false;
    std::uint64_t until = 0;
  };

  bool is_ours(std::uint8_t family, const std::uint8_t* address, std::uint64_t now);

  std::array<Known, 4> known_{};
  std::size_t next_ = 0;
};

}  // namespace wgq
