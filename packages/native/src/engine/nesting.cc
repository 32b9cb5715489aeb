// SPDX-License-Identifier: MIT
#include "engine/nesting.h"

#include <sys/socket.h>

#include "engine/bytes.h"
#include "engine/endpoint.h"
#include "engine/ip-packet.h"
#include "engine/limits.h"
#include "system/descriptor.h"

namespace wgq {
namespace {

constexpr unsigned step = 8, most_tunnels = 4;
constexpr std::size_t fragment_header_bytes = 8;

// Whether the packet may be a message of a tunnel: WireGuard over UDP, or a fragment that does not show its content.
bool may_be_message(const std::uint8_t* packet, std::size_t length) {
  std::size_t at = ip::v6_header;
  std::uint8_t protocol;
  bool later_fragment;
  if (ip_version(packet) == 4) {
    at = std::size_t{packet[0] & 15u} * 4;
    protocol = packet[9];
    later_fragment = load_be<std::uint16_t>(packet + 6) & 0x1fff;
  } else {
    protocol = packet[6];
    later_fragment = false;
    if (protocol == ip::fragment && length >= at + fragment_header_bytes) {
      protocol = packet[at];
      later_fragment = load_be<std::uint16_t>(packet + at + 2) & 0xfff8;
      at += fragment_header_bytes;
    }
  }
  if (protocol != ip::udp) return false;
  if (later_fragment) return true;
  if (length < at + 8 + 4) return false;
  const auto type = load_le<std::uint32_t>(packet + at + 8);
  return type >= message_initiation && type <= message_transport;
}

// An address that can be bound belongs to this machine.
bool can_bind(std::uint8_t family, const std::uint8_t* address) {
  Endpoint own;
  own.family = family;
  std::memcpy(own.address, address, own.address_length());
  sockaddr_storage name;
  const socklen_t length = to_sockaddr(own, name);
  const Descriptor fd(::socket(name.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return fd && ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), length) == 0;
}

}  // namespace

std::optional<std::uint8_t> Nesting::hop_limit(const UdpSockets& sockets, std::uint8_t outer_family,
                                               const std::uint8_t* packet, std::size_t length, std::uint64_t now) {
  const bool v4 = ip_version(packet) == 4;
  const std::uint8_t usual = v4 ? sockets.v4.hop_limit : sockets.v6.hop_limit;
  const std::uint8_t outside = outer_family == 4 ? sockets.v4.hop_limit : sockets.v6.hop_limit;
  const std::uint8_t left = packet[v4 ? 8 : 7];
  // Systems with a low default hop limit have no hops to spare.
  if (usual <= step * most_tunnels || outside <= step * most_tunnels) return 0;
  if (left > usual || (usual - left) % step != 0) return 0;
  const unsigned tunnels = (usual - left) / step;
  if (tunnels > most_tunnels || !may_be_message(packet, length)) return 0;
  if (!is_ours(v4 ? 4 : 6, packet + (v4 ? 12 : 8), now)) return 0;
  if (tunnels == most_tunnels) return std::nullopt;
  return static_cast<std::uint8_t>(outside - (tunnels + 1) * step);
}

bool Nesting::is_ours(std::uint8_t family, const std::uint8_t* address, std::uint64_t now) {
  const std::size_t bytes = family == 4 ? 4 : 16;
  for (const Known& known : known_)
    if (known.family == family && known.until > now && std::memcmp(known.address.data(), address, bytes) == 0)
      return known.is_ours;
  Known& fresh = known_[next_++ % known_.size()];
  fresh = {family, {}, can_bind(family, address), now + second};
  std::memcpy(fresh.address.data(), address, bytes);
  return fresh.is_ours;
}

}  // namespace wgq
