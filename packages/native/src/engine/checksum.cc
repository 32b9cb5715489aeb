// SPDX-License-Identifier: MIT
#include "engine/checksum.h"

namespace wgq {
namespace {

std::uint64_t tail(const std::uint8_t* data, std::size_t length) {
  std::uint64_t sum = 0;
  for (; length >= 2; data += 2, length -= 2) sum += load<std::uint16_t>(data);
  if (length) {
    const std::uint8_t last[2]{*data, 0};
    sum += load<std::uint16_t>(last);
  }
  return sum;
}

// Inlined into one function for each register width, so that the compiler uses registers of that width.
[[gnu::always_inline]] inline std::uint64_t add(const std::uint8_t* data, std::size_t length) {
  std::uint64_t sum = 0;
  const std::size_t words = length / 4;
  for (std::size_t i = 0; i < words; i++) sum += load<std::uint32_t>(data + 4 * i);
  return sum + tail(data + 4 * words, length % 4);
}

[[gnu::always_inline]] inline std::uint64_t copy(std::uint8_t* __restrict to, const std::uint8_t* __restrict from,
                                                 std::size_t length) {
  std::uint64_t sum = 0;
  const std::size_t words = length / 4;
  for (std::size_t i = 0; i < words; i++) {
    const auto word = load<std::uint32_t>(from + 4 * i);
    store(to + 4 * i, word);
    sum += word;
  }
  const std::size_t rest = length % 4;
  std::memcpy(to + 4 * words, from + 4 * words, rest);
  return sum + tail(from + 4 * words, rest);
}

#if defined(__x86_64__)
// Reads every byte of the tunnel once, which is worth a version for wider registers. Chosen here and not by the dynamic
// loader (target_clones): musl does not support that, and clang treats the attribute differently from GCC.
[[gnu::target("avx2")]] std::uint64_t add_wide(const std::uint8_t* data, std::size_t length) { return add(data, length); }
[[gnu::target("avx2")]] std::uint64_t copy_wide(std::uint8_t* to, const std::uint8_t* from, std::size_t length) {
  return copy(to, from, length);
}
const bool wide = __builtin_cpu_supports("avx2") != 0;
#endif

}  // namespace

std::uint64_t checksum_add(const std::uint8_t* data, std::size_t length) {
#if defined(__x86_64__)
  if (wide) return add_wide(data, length);
#endif
  return add(data, length);
}

std::uint64_t checksum_copy(std::uint8_t* to, const std::uint8_t* from, std::size_t length) {
#if defined(__x86_64__)
  if (wide) return copy_wide(to, from, length);
#endif
  return copy(to, from, length);
}

}  // namespace wgq
