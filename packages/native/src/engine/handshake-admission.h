// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "engine/cookie.h"
#include "engine/endpoint.h"
#include "engine/rate-limiter.h"
#include "engine/secret.h"
#include "engine/reply-budget.h"

namespace wgq {

// HASH("mac1----" ‖ own public key) and HASH("cookie--" ‖ own public key).
struct Identity {
  Secret<32> mac1_key, cookie_key;
};

// Decides which handshake messages are handled (protocol §6), on the receiving thread: checks form and mac1 always, and
// under load mac2 and a token bucket per source as well, so that a flood is stopped here.
class HandshakeAdmission {
 public:
  enum class Verdict { admit, malformed, bad_mac1, answer_cookie, rate_limited };

  static constexpr std::size_t loaded_from = 32;  // messages waiting
  static constexpr std::size_t most_before_cookie_reply = loaded_from / 2;  // messages waiting
  static constexpr std::uint64_t hysteresis = 1'000'000'000;
  static constexpr std::uint64_t slow_drain_ms = 5;

  // `waiting`: number of messages that were not taken yet. Raises nothing.
  Verdict judge(const Identity* identity, std::span<const std::uint8_t> message, const Endpoint& from,
                std::size_t waiting, std::uint64_t now);
  // The answer to a message judged answer_cookie; nothing when OpenSSL failed.
  std::optional<CookieReply> reply(const Identity& identity, std::span<const std::uint8_t> message,
                                   const Endpoint& from, std::uint64_t now) {
    return cookies_.reply(identity.cookie_key, message, from, now);
  }
  // Any thread: reports how long a batch of handshakes took; it ended at `now`.
  void report_drain(std::uint64_t milliseconds, std::uint64_t now) {
    if (milliseconds > slow_drain_ms) loaded_until_.store(now + hysteresis, std::memory_order_relaxed);
  }

  bool loaded(std::uint64_t now) const { return now < loaded_until_.load(std::memory_order_relaxed); }
  Cookies& cookies() { return cookies_; }

 private:
  Cookies cookies_;
  RateLimiter limiter_;
  ReplyBudget replies_;
  std::atomic<std::uint64_t> loaded_until_{0};
};

}  // namespace wgq
