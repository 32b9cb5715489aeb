// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

// Unaligned access in a stated byte order.
namespace wgq {

template <class T>
T load(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
void store(void* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

inline constexpr bool little_endian = std::endian::native == std::endian::little;

inline std::uint16_t swap(std::uint16_t v) { return __builtin_bswap16(v); }
inline std::uint32_t swap(std::uint32_t v) { return __builtin_bswap32(v); }
inline std::uint64_t swap(std::uint64_t v) { return __builtin_bswap64(v); }

template <class T>
T load_le(const void* from) {
  T value = load<T>(from);
  return little_endian ? value : swap(value);
}

template <class T>
T load_be(const void* from) {
  T value = load<T>(from);
  return little_endian ? swap(value) : value;
}

template <class T>
void store_le(void* to, T value) {
  store<T>(to, little_endian ? value : swap(value));
}

template <class T>
void store_be(void* to, T value) {
  store<T>(to, little_endian ? swap(value) : value);
}

}  // namespace wgq
