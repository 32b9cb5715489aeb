// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/bytes.h"

// The Internet checksum (RFC 1071), summed in 64 bits and in the machine's own byte order, which the arithmetic allows.
namespace wgq {

// Sum of `length` bytes, not folded yet.
std::uint64_t checksum_add(const std::uint8_t* data, std::size_t length);
// As checksum_add, and copies the bytes.
std::uint64_t checksum_copy(std::uint8_t* to, const std::uint8_t* from, std::size_t length);

inline std::uint16_t checksum_fold(std::uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

// A 16-bit number in network byte order as a term of the sum.
inline std::uint64_t checksum_term(std::size_t number) {
  const auto value = static_cast<std::uint16_t>(number);
  return little_endian ? swap(value) : value;
}

// Sum over the pseudo-header: the two addresses are adjacent in both families.
inline std::uint64_t checksum_pseudo(const std::uint8_t* addresses, std::size_t addresses_length, std::uint8_t protocol,
                                     std::size_t length) {
  return checksum_add(addresses, addresses_length) + checksum_term(protocol) + checksum_term(length >> 16) +
         checksum_term(length & 0xffff);
}

}  // namespace wgq
