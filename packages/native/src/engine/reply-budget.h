// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/rand.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "engine/endpoint.h"
#include "napi/error.h"

namespace wgq {

// Limits cookie replies during a flood: building one costs more than all earlier checks, and the thread that builds it
// also receives data: at 50,000 messages a second nothing else would get through. One sender gets at most a hundred
// replies a second, all senders together ten thousand; an honest one needs one every five seconds.
class ReplyBudget {
 public:
  static constexpr std::uint64_t sender_pause = 10'000'000;  // ns
  static constexpr std::uint64_t reply_cost = 100'000;       // ns
  static constexpr std::uint64_t most_saved = 50'000'000;    // ns: 500 replies at once

  // Raises SystemError when random bytes are unavailable.
  ReplyBudget() {
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&seed_), sizeof seed_) != 1) throw SystemError{EIO, "RAND_bytes"};
  }

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
  // Senders that share a slot share its pause; the seed keeps an attacker from choosing the slot of another sender.
  std::size_t slot(const Endpoint& to) const {
    std::uint64_t words[2];
    std::memcpy(words, to.address, sizeof words);
    std::uint64_t mixed = seed_;
    for (const std::uint64_t word : {words[0], words[1], std::uint64_t{to.port}}) {
      mixed = (mixed ^ word) * 0x9e3779b97f4a7c15u;
      mixed ^= mixed >> 32;
    }
    return mixed % last_.size();
  }

  std::uint64_t seed_ = 0, spent_until_ = 0;
  std::array<std::uint64_t, 4096> last_{};
};

}  // namespace wgq
