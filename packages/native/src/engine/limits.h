// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

// Constants of the WireGuard protocol (protocol §2, §4.3) and of this implementation.
namespace wgq {

inline constexpr std::uint64_t second = 1'000'000'000;  // nanoseconds
inline constexpr std::uint64_t millisecond = 1'000'000;

// Specification.
inline constexpr std::uint64_t rekey_after_messages = std::uint64_t{1} << 60;
inline constexpr std::uint64_t reject_after_messages = UINT64_MAX - 8192;  // 2^64 - 2^13 - 1
inline constexpr std::uint64_t rekey_after = 120 * second;
inline constexpr std::uint64_t reject_after = 180 * second;
inline constexpr std::uint64_t last_minute_after = 165 * second;  // 180 - 10 (keepalive) - 5 (rekey timeout)

inline constexpr std::uint32_t message_initiation = 1;
inline constexpr std::uint32_t message_response = 2;
inline constexpr std::uint32_t message_cookie_reply = 3;
inline constexpr std::uint32_t message_transport = 4;
inline constexpr std::size_t initiation_bytes = 148;
inline constexpr std::size_t response_bytes = 92;
inline constexpr std::size_t cookie_reply_bytes = 64;
inline constexpr std::size_t transport_header_bytes = 16;
inline constexpr std::size_t tag_bytes = 16;
inline constexpr std::size_t transport_overhead = transport_header_bytes + tag_bytes;

// Implementation.
inline constexpr std::size_t largest_packet = 65535;
inline constexpr std::size_t most_segments = 64;       // UDP_SEGMENT and UDP_L4 limit of all but the newest kernels
inline constexpr std::size_t most_batch_bytes = 65507;  // UDP over IPv4
inline constexpr std::size_t most_staged_packets = 128;
inline constexpr std::size_t most_staged_bytes = std::size_t{256} * 1024;
inline constexpr std::size_t most_staged_bytes_of_all = std::size_t{16} * 1024 * 1024;

}  // namespace wgq
