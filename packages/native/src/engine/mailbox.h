// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/endpoint.h"
#include "engine/limits.h"

namespace wgq {

struct Peer;

struct HandshakeMessage {
  std::size_t length;
  std::uint8_t bytes[initiation_bytes];
  Endpoint from;
  std::uint64_t arrived;  // boot time in ns
};

struct Fatal {
  int number;
  std::string text;
};

// Events from the packet threads to the control thread: edges, coalesced per peer; one wake-up per burst.
class Mailbox {
 public:
  static constexpr std::size_t most_handshakes = 256;

  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  // Adds events of a peer.
  void raise(Peer& peer, std::uint32_t events);
  // As `raise`, for an event that traffic in both directions repeats: reported again only after JavaScript has read
  // the peer's state, or one second later. The timers check the state when they fire.
  void report(Peer& peer, std::atomic<std::uint64_t>& last, std::uint32_t event, std::uint64_t now);
  // As `raise` of need_handshake, but rate limited: a flood must not keep JavaScript busy.
  void ask_handshake(Peer& peer, std::uint64_t now, bool key_usable);
  // False when the ring is full.
  bool handshake(const HandshakeMessage& message);
  void notice(std::string text);
  void fatal(int number, std::string text);
  // Reports, once, that the kernel rejects every packet with a virtio header.
  void header_refused();

  std::size_t handshakes_queued() const { return queued_.load(std::memory_order_relaxed); }

  struct Contents {
    std::vector<std::uint32_t> peers;
    std::deque<HandshakeMessage> handshakes;
    std::vector<std::string> notices;
    std::optional<Fatal> fatal;
    bool header_refused = false;
  };
  // Control thread: takes everything, but at most `most` handshakes; the rest is announced again.
  Contents take(std::size_t most);

 private:
  void announce();

  const std::function<void()> wake_;
  std::atomic<bool> announced_{false};
  std::atomic<std::size_t> queued_{0};
  std::mutex lock_;
  Contents contents_;
  bool header_refusal_told_ = false;
};

}  // namespace wgq
