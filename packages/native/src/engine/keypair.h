// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "engine/aead.h"
#include "engine/replay-window.h"

namespace wgq {

struct Peer;

// The transport keys of one session. The control thread creates and deletes it; the packet threads find it through the
// index table (receiving) or the peer's current slot (sending).
struct Keypair {
  Keypair(Peer& owner, const std::uint8_t* send, const std::uint8_t* receive) : peer(owner), send_key(send), receive_key(receive) {}

  Peer& peer;
  const AeadKey send_key, receive_key;
  std::uint64_t birth = 0;  // boot time, ns
  std::uint32_t local_index = 0, remote_index = 0;
  bool initiator = false;
  std::atomic<bool> may_send{true};
  std::atomic<bool> dropped{false};
  std::atomic<std::uint64_t> next_nonce{0};
  std::atomic<bool> last_minute_raised{false};
  ReplayWindow window;  // receiving thread only

  bool expired(std::uint64_t now) const { return now - birth >= reject_after && now >= birth; }
  bool usable(std::uint64_t now) const {
    return may_send.load(std::memory_order_relaxed) && !expired(now) &&
           next_nonce.load(std::memory_order_relaxed) < reject_after_messages;
  }

  // Takes `count` successive nonces. False when the message limit leaves fewer: the key is then used up.
  bool take_nonces(std::uint64_t count, std::uint64_t& first) {
    first = next_nonce.load(std::memory_order_relaxed);
    do {
      if (first >= reject_after_messages || reject_after_messages - first < count) {
        may_send.store(false, std::memory_order_relaxed);
        return false;
      }
    } while (!next_nonce.compare_exchange_weak(first, first + count, std::memory_order_relaxed));
    return true;
  }
};

}  // namespace wgq
