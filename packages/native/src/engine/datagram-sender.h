// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "engine/counters.h"
#include "engine/mailbox.h"
#include "engine/peer.h"
#include "engine/udp-sockets.h"

namespace wgq {

// Messages for one peer that lie back to back: all `stride` bytes long but the last, which may be shorter.
struct Batch {
  const std::uint8_t* data = nullptr;
  std::size_t bytes = 0;
  std::size_t stride = 0;
  std::uint8_t tos = 0;
  std::uint8_t hop_limit = 0;  // 0: the system's own

  std::size_t count() const { return stride ? (bytes + stride - 1) / stride : 0; }
};

// Sends batches, one system call each where the kernel segments. What it refuses is sent again in the next plainer way,
// so that no batch is lost to a fallback: without the learned source address, without segmentation. Used by any thread.
class DatagramSender {
 public:
  DatagramSender(Counters& counters, Mailbox& mailbox) : counters_(counters), mailbox_(mailbox) {}

  // Returns 0 or the errno; EDESTADDRREQ without an endpoint.
  int send(UdpSockets& sockets, Peer& peer, const Batch& batch);
  // To an endpoint that is not a peer's (cookie replies); tried once.
  int send_to(UdpSockets& sockets, const Endpoint& to, const std::uint8_t* data, std::size_t length);

 private:
  // From now on such messages to the peer go one by one.
  void refuse_segments(Peer& peer, const Batch& batch, int error);
  int send_segmented(UdpSocket& socket, const Endpoint& to, const Batch& batch);
  int send_singly(UdpSocket& socket, const Endpoint& to, const Batch& batch);

  Counters& counters_;
  Mailbox& mailbox_;
};

}  // namespace wgq
