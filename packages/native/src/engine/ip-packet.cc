// SPDX-License-Identifier: MIT
#include "engine/ip-packet.h"

#include "engine/checksum.h"

namespace wgq {

void mark_congestion(std::uint8_t* packet) {
  const std::uint8_t ecn = traffic_class(packet) & ip::ecn_mask;
  if (ecn == 0 || ecn == ip::ecn_ce) return;  // not ECN-capable, or marked already
  if (ip_version(packet) == 6) {
    packet[1] = static_cast<std::uint8_t>(packet[1] | 0x30);
    return;
  }
  // RFC 1624: HC' = ~(~HC + ~m + m')
  const auto before = load<std::uint16_t>(packet);
  packet[1] |= ip::ecn_ce;
  const auto after = load<std::uint16_t>(packet);
  const auto sum = std::uint64_t{static_cast<std::uint16_t>(~load<std::uint16_t>(packet + 10))} +
                   static_cast<std::uint16_t>(~before) + after;
  store(packet + 10, static_cast<std::uint16_t>(~checksum_fold(sum)));
}

void write_v4_checksum(std::uint8_t* header, std::size_t header_length) {
  store<std::uint16_t>(header + 10, 0);
  store(header + 10, static_cast<std::uint16_t>(~checksum_fold(checksum_add(header, header_length))));
}

}  // namespace wgq
