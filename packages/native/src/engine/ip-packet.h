// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/bytes.h"

namespace wgq {

// Header lengths, offsets and protocol numbers of IP packets.
namespace ip {
inline constexpr std::uint8_t tcp = 6, udp = 17, icmp = 1, icmpv6 = 58;
inline constexpr std::uint8_t hop_by_hop = 0, routing = 43, fragment = 44, destination_options = 60;
inline constexpr std::size_t v4_header = 20, v6_header = 40;
inline constexpr std::uint8_t ecn_mask = 3, ecn_ce = 3;
}  // namespace ip

inline unsigned ip_version(const std::uint8_t* packet) { return packet[0] >> 4; }

// Whether a packet is long enough for the header of its IP version.
inline bool has_ip_header(const std::uint8_t* packet, std::size_t length) {
  if (length < ip::v4_header) return false;
  const unsigned version = ip_version(packet);
  return version == 4 || (version == 6 && length >= ip::v6_header);
}

// Both require has_ip_header.
inline std::uint8_t traffic_class(const std::uint8_t* packet) {
  if (ip_version(packet) == 4) return packet[1];
  return static_cast<std::uint8_t>(load_be<std::uint16_t>(packet) >> 4);
}

// The length stated in the header; nothing when it does not fit the packet (protocol §9.2).
inline std::optional<std::size_t> stated_length(const std::uint8_t* packet, std::size_t length) {
  const std::size_t stated = ip_version(packet) == 4 ? load_be<std::uint16_t>(packet + 2)
                                                     : std::size_t{load_be<std::uint16_t>(packet + 4)} + ip::v6_header;
  const std::size_t least = ip_version(packet) == 4 ? ip::v4_header : ip::v6_header;
  if (stated < least || stated > length) return std::nullopt;
  return stated;
}

// Marks congestion experienced on a packet that is ECN-capable (RFC 6040 decapsulation); updates the IPv4 checksum.
void mark_congestion(std::uint8_t* packet);

// Writes the checksum of an IPv4 header.
void write_v4_checksum(std::uint8_t* header, std::size_t header_length);

}  // namespace wgq
