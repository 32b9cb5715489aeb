// SPDX-License-Identifier: MIT
#include "engine/checksum.h"

// One pass over every byte of the tunnel: worth a version for wider registers where the loader can choose between them.
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WGQ_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WGQ_WIDE
#endif

namespace wgq {

static std::uint64_t tail(const std::uint8_t* data, std::size_t length) {
  std::uint64_t sum = 0;
  for (; length >= 2; data += 2, length -= 2) sum += load<std::uint16_t>(data);
  if (length) {
    const std::uint8_t last[2]{*data, 0};
    sum += load<std::uint16_t>(last);
  }
  return sum;
}

WGQ_WIDE std::uint64_t checksum_add(const std::uint8_t* data, std::size_t length) {
  std::uint64_t sum = 0;
  const std::size_t words = length / 4;
  for (std::size_t i = 0; i < words; i++) sum += load<std::uint32_t>(data + 4 * i);
  return sum + tail(data + 4 * words, length % 4);
}

WGQ_WIDE std::uint64_t checksum_copy(std::uint8_t* __restrict to, const std::uint8_t* __restrict from,
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

}  // namespace wgq
