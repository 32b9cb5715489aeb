// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace wgq {

// The header before every packet of a TUN with IFF_VNET_HDR (virtio 1.2 §5.1.6), host byte order.
struct VirtioHeader {
  std::uint8_t flags = 0;
  std::uint8_t gso_type = 0;
  std::uint16_t header_length = 0;
  std::uint16_t gso_size = 0;
  std::uint16_t checksum_start = 0;
  std::uint16_t checksum_offset = 0;

  static constexpr std::uint8_t needs_checksum = 1;
  static constexpr std::uint8_t none = 0, tcp_v4 = 1, tcp_v6 = 4, udp = 5;
};
static_assert(sizeof(VirtioHeader) == 10);

inline constexpr std::size_t tcp_checksum_offset = 16, udp_checksum_offset = 6;

}  // namespace wgq
