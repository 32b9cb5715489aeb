// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <algorithm>
#include <cstdint>

#include "engine/limits.h"

namespace wgq {

// The counters already received of one keypair: a ring bitmap as in RFC 6479, 8192 bits of which 8128 are usable because
// one word is always being cleared. Used only after the tag was verified.
class ReplayWindow {
 public:
  static constexpr std::uint64_t bits = 8192;
  static constexpr std::uint64_t usable = bits - 64;

  // Records a counter. False when it was seen before, is too old, or exceeds the message limit.
  bool accept(std::uint64_t counter) {
    if (counter >= reject_after_messages) return false;
    const std::uint64_t number = counter + 1;  // 0 means nothing received yet
    if (number + usable < top_) return false;
    const std::uint64_t word = number / 64;
    if (number > top_) {
      const std::uint64_t old = top_ / 64;
      const std::uint64_t fresh = std::min<std::uint64_t>(word - old, words);
      for (std::uint64_t i = 1; i <= fresh; i++) ring_[(old + i) % words] = 0;
      top_ = number;
    }
    const std::uint64_t bit = std::uint64_t{1} << (number % 64);
    std::uint64_t& slot = ring_[word % words];
    if (slot & bit) return false;
    slot |= bit;
    return true;
  }

 private:
  static constexpr std::uint64_t words = bits / 64;

  std::uint64_t top_ = 0;
  std::array<std::uint64_t, words> ring_{};
};

}  // namespace wgq
