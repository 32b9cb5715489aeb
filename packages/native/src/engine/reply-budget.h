// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "engine/endpoint.h"
#include "engine/seeded-hash.h"

namespace wgq {

// Limits cookie replies during a flood: building one costs more than all earlier checks, and the thread that builds it
// also receives data: at 50,000 messages a second nothing else would get through. One sender gets at most a hundred
// replies a second, all senders together ten thousand; an honest one needs one every five seconds.
class ReplyBudget {
 public:
  static constexpr std::uint64_t sender_pause = 10'000'000;  // ns
  static constexpr std::uint64_t reply_cost = 100'000;       // ns
  static constexpr std::uint64_t most_saved = 50'000'000;    // ns: 500 replies at once

  // Whether to reply to the sender now; counts the reply.
  bool take(const Endpoint& to, std::uint64_t now) {
    std::uint64_t& last = last_[slot(to)];
    if (last != 0 && now - last < sender_pause) return false;
    const std::uint64_t earned = spent_until_ + most_saved < now ? now - most_saved : spent_until_;
    if (earned + reply_cost > now) return false;
    spent_until_ = earned + reply_cost;
    last = now;
    return true;
  }

 private:
  // Senders that share a slot share its pause.
  std::size_t slot(const Endpoint& to) const {
    std::uint64_t words[2];
    std::memcpy(words, to.address, sizeof words);
    return hash_.of({words[0], words[1], to.port}) % last_.size();
  }

  const SeededHash hash_;
  std::uint64_t spent_until_ = 0;
  std::array<std::uint64_t, 4096> last_{};
};

}  // namespace wgq
