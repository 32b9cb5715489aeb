// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "engine/counters.h"
#include "engine/mailbox.h"
#include "engine/peer.h"
#include "engine/udp-sockets.h"

namespace wgq {

// Messages for one peer, back to back in memory: all are `stride` bytes long except the last, which may be shorter.
struct Batch {
  const std::uint8_t* data = nullptr;
  std::size_t bytes = 0;
  std::size_t stride = 0;
  std::uint8_t tos = 0;
  std::uint8_t hop_limit = 0;  // 0: the system's default

  std::size_t count() const { return stride ? (bytes + stride - 1) / stride : 0; }
};

// Sends batches, with one system call each where the kernel segments. A refused batch is sent again in a plainer way
// (without the learned source address, without segmentation), so that no fallback loses a batch. Used by any thread.
class DatagramSender {
 public:
  DatagramSender(Counters& counters, Mailbox& mailbox) : counters_(counters), mailbox_(mailbox) {}

  // Returns 0 or the errno; EDESTADDRREQ without an endpoint.
  int send(UdpSockets& sockets, Peer& peer, const Batch& batch);
  // Sends to an endpoint that belongs to no peer (cookie replies); tries only once.
  int send_to(UdpSockets& sockets, const Endpoint& to, const std::uint8_t* data, std::size_t length);

 private:
  // Makes messages of this size to the peer leave as single datagrams from now on.
  void refuse_segments(Peer& peer, const Batch& batch, int error);
  int send_segmented(UdpSocket& socket, const Endpoint& to, const Batch& batch);
  int send_singly(UdpSocket& socket, const Endpoint& to, const Batch& batch);

  Counters& counters_;
  Mailbox& mailbox_;
};

}  // namespace wgq
