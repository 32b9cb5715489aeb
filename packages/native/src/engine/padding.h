// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>

namespace wgq {

// Length of a packet after zero padding: a multiple of 16, but never beyond the MTU (protocol §8).
inline std::size_t padded_length(std::size_t length, std::size_t mtu) {
  auto round_up = [](std::size_t n) { return (n + 15) & ~std::size_t{15}; };
  if (mtu == 0) return round_up(length);
  const std::size_t last = length > mtu ? length % mtu : length;  // only leftovers of segmentation exceed the MTU
  return length + (std::min(mtu, round_up(last)) - last);
}

}  // namespace wgq
