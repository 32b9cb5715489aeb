// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "engine/udp-sockets.h"

namespace wgq {

// Finds loops over several tunnels of this machine: a tunnel that carries the messages of another one lowers the outer
// hop limit by one step, and a packet at the last step has gone in circles. The hop limit of messages from this machine
// is known, so that forwarded messages of other machines are left alone. One object per thread.
class Nesting {
 public:
  // The outer hop limit for the message that carries this packet, 0 for the system's default; nothing for a loop.
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
