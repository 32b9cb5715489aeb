// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "engine/endpoint.h"
#include "engine/keypair.h"
#include "engine/prefix-trie.h"
#include "engine/staged-queue.h"

namespace wgq {

// Event bits of a peer; the same numbers as `peerEvent` in engine.ts.
namespace peer_event {
inline constexpr std::uint32_t need_handshake = 1;
inline constexpr std::uint32_t awaiting_reply = 2;
inline constexpr std::uint32_t owes_keepalive = 4;
inline constexpr std::uint32_t session_confirmed = 8;
inline constexpr std::uint32_t endpoint_moved = 16;
inline constexpr std::uint32_t last_minute = 32;
inline constexpr std::uint32_t send_failed = 64;
}  // namespace peer_event

// State of a peer for the packet threads. Times are boot time in ns, 0 when unset.
struct Peer {
  Peer(std::uint32_t number, std::atomic<std::size_t>& staged_bytes_of_all) : id(number), staged(staged_bytes_of_all) {}

  const std::uint32_t id;
  SharedEndpoint endpoint;

  // Slots of protocol §4.2. Changed under `rotation` by the control thread and, on confirmation, by the receiving one.
  std::mutex rotation;
  std::atomic<Keypair*> previous{nullptr}, current{nullptr}, next{nullptr};
  std::vector<std::uint32_t> dropped_indices;  // filled by the receiving thread, taken by the control thread

  StagedQueue staged;

  std::atomic<std::uint64_t> rx_bytes{0}, tx_bytes{0};
  std::atomic<std::uint64_t> unanswered_since{0}, unacknowledged_since{0};
  std::atomic<std::uint64_t> last_traversal{0}, last_received{0}, last_data_sent{0};

  std::atomic<std::uint32_t> events{0};
  // When the edges of the two `since` were last reported; reset to 0 when the control thread reads the state.
  std::atomic<std::uint64_t> silence_reported{0}, debt_reported{0};
  std::atomic<std::uint64_t> failure_reported{0};  // at most once a second
  std::atomic<int> send_error{0};                  // errno of the last transport message that did not leave
  std::atomic<std::uint64_t> asked_handshake{0};   // when need_handshake was last raised
  std::atomic<std::uint32_t> handshake_index{0};   // sender index of our last handshake message, for the loop guard
  std::atomic<std::uint32_t> refused_segment{0};   // segments of this size or more are sent singly (EMSGSIZE)

  // Control thread only.
  PrefixNode* prefixes_v4 = nullptr;
  PrefixNode* prefixes_v6 = nullptr;
};

}  // namespace wgq
