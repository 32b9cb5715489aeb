// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace wgq {

// The answer to a packet that belongs to no peer: ICMP host unreachable (type 3 code 1) or ICMPv6 address unreachable
// (type 1 code 3), as the kernel sends it (protocol §9.1). Its source is the unreachable address: the stack would drop
// one of our own addresses as a martian.
class Unreachable {
 public:
  static constexpr std::size_t most_bytes = 1280;

  // Builds the answer. Returns its length, 0 if none may be sent (errors, multicast, later fragments, rate limit).
  std::size_t build(const std::uint8_t* packet, std::size_t length, std::uint64_t now);
  const std::uint8_t* bytes() const { return bytes_.data(); }

 private:
  bool allowed(std::uint64_t now);
  std::size_t build_v4(const std::uint8_t* packet, std::size_t length);
  std::size_t build_v6(const std::uint8_t* packet, std::size_t length);

  std::array<std::uint8_t, most_bytes> bytes_{};
  std::uint64_t tokens_ = 0;  // ns
  std::uint64_t last_ = 0;
};

}  // namespace wgq
