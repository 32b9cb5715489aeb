// SPDX-License-Identifier: MIT
#include "engine/unreachable.h"

#include <algorithm>

#include "engine/checksum.h"
#include "engine/ip-packet.h"
#include "engine/limits.h"

namespace wgq {
namespace {

constexpr std::uint64_t cost = 10 * millisecond;  // 100 a second, 50 at once
constexpr std::uint64_t most_tokens = 50 * cost;

bool is_error(std::uint8_t protocol, const std::uint8_t* transport) {
  if (protocol == ip::icmp) {
    const std::uint8_t type = *transport;
    return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
  }
  return protocol == ip::icmpv6 && *transport < 128;
}

// Whether an IPv6 packet is an ICMPv6 error after any extension headers. One that is cut off among them counts as one.
bool is_error_v6(const std::uint8_t* packet, std::size_t length) {
  std::uint8_t next = packet[6];
  for (std::size_t at = ip::v6_header; at < length;) {
    const std::uint8_t* const header = packet + at;
    std::size_t bytes = 8;
    if (next == ip::hop_by_hop || next == ip::routing || next == ip::destination_options) {
      if (at + bytes <= length) bytes += std::size_t{header[1]} * 8;
    } else if (next != ip::fragment) {
      return is_error(next, header);
    } else if (at + bytes <= length && (load_be<std::uint16_t>(header + 2) & 0xfff8)) {
      return false;  // a later fragment does not show its protocol
    }
    next = header[0];
    at += bytes;
  }
  return true;
}

}  // namespace

bool Unreachable::allowed(std::uint64_t now) {
  tokens_ = std::min(most_tokens, tokens_ + (now - last_));
  last_ = now;
  if (tokens_ < cost) return false;
  tokens_ -= cost;
  return true;
}

std::size_t Unreachable::build(const std::uint8_t* packet, std::size_t length, std::uint64_t now) {
  const std::size_t built = ip_version(packet) == 4 ? build_v4(packet, length) : build_v6(packet, length);
  return built && allowed(now) ? built : 0;
}

std::size_t Unreachable::build_v4(const std::uint8_t* packet, std::size_t length) {
  const std::size_t header = std::size_t{packet[0] & 15u} * 4;
  const bool later_fragment = load_be<std::uint16_t>(packet + 6) & 0x1fff;
  const bool multicast = packet[16] >= 224 || packet[12] >= 224 || load<std::uint32_t>(packet + 12) == 0;
  if (header < ip::v4_header || header >= length || later_fragment || multicast || is_error(packet[9], packet + header))
    return 0;
  const std::size_t quoted = std::min<std::size_t>(length, 576 - ip::v4_header - 8);  // RFC 1812 §4.3.2.3
  const std::size_t total = ip::v4_header + 8 + quoted;
  std::uint8_t* out = bytes_.data();
  std::memset(out, 0, ip::v4_header + 8);
  out[0] = 0x45;
  out[1] = 0xc0;  // internetwork control
  store_be(out + 2, static_cast<std::uint16_t>(total));
  out[8] = 64;
  out[9] = ip::icmp;
  std::memcpy(out + 12, packet + 16, 4);
  std::memcpy(out + 16, packet + 12, 4);
  write_v4_checksum(out, ip::v4_header);
  std::uint8_t* message = out + ip::v4_header;
  message[0] = 3;
  message[1] = 1;
  std::memcpy(message + 8, packet, quoted);
  store(message + 2, static_cast<std::uint16_t>(~checksum_fold(checksum_add(message, 8 + quoted))));
  return total;
}

std::size_t Unreachable::build_v6(const std::uint8_t* packet, std::size_t length) {
  static constexpr std::uint8_t unspecified[16]{};
  const bool multicast = packet[24] == 0xff || packet[8] == 0xff || std::memcmp(packet + 8, unspecified, 16) == 0;
  if (length <= ip::v6_header || multicast || is_error_v6(packet, length)) return 0;
  const std::size_t quoted = std::min<std::size_t>(length, most_bytes - ip::v6_header - 8);  // RFC 4443 §3.1
  const std::size_t body = 8 + quoted;
  std::uint8_t* out = bytes_.data();
  std::memset(out, 0, ip::v6_header + 8);
  out[0] = 0x60;
  store_be(out + 4, static_cast<std::uint16_t>(body));
  out[6] = ip::icmpv6;
  out[7] = 64;
  std::memcpy(out + 8, packet + 24, 16);
  std::memcpy(out + 24, packet + 8, 16);
  std::uint8_t* message = out + ip::v6_header;
  message[0] = 1;
  message[1] = 3;
  std::memcpy(message + 8, packet, quoted);
  const std::uint64_t sum = checksum_pseudo(out + 8, 32, ip::icmpv6, body) + checksum_add(message, body);
  store(message + 2, static_cast<std::uint16_t>(~checksum_fold(sum)));
  return ip::v6_header + body;
}

}  // namespace wgq
