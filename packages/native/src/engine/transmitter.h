// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/datagram-sender.h"
#include "engine/device.h"
#include "engine/nesting.h"
#include "engine/open-batch.h"
#include "engine/ordered-queue.h"

namespace wgq {

// Makes transport messages and sends them in batches. One object per thread. Messages are encrypted in place, back to
// back, so that a batch is one system call without a copy. With a queue, several threads encrypt batches, which are
// sent in order.
class Transmitter {
 public:
  // With `offer` (see OrderedQueue) there is a queue over the device's slots: only for the sending thread.
  explicit Transmitter(Device& device, std::function<void()> offer = nullptr);

  // Where a caller may read the plaintext of the next message in place: room for `largest_packet` bytes.
  std::uint8_t* next_plaintext() { return open_->next_plaintext(); }
  // Makes room for a message of `length` plaintext bytes to `peer`: sends the open batch first if the message does
  // not fit. Returns where the plaintext belongs; with `in_place`, moves the bytes at next_plaintext() there.
  std::uint8_t* place(Peer& peer, std::size_t length, Outer outer, bool in_place);
  // Pads and encrypts the message placed last and adds it to the batch.
  void seal(Keypair& keypair, std::uint64_t nonce);
  // Sends the open batch, or leaves it to the queue.
  void flush();
  // Does the work that no other thread has claimed; call before sleeping.
  void settle();
  // Returns once everything was sent.
  void drain();

  // Sends the packets staged for a peer if a key is usable, else requests a handshake.
  void flush_staged(Peer& peer);
  // Outer header fields for a packet to a peer whose endpoint has this family; nothing for a packet that loops over
  // several tunnels.
  std::optional<Outer> outer_of(std::uint8_t family, const std::uint8_t* packet, std::size_t length);
  // Stages a packet; follow with flush_staged.
  void stage(Peer& peer, const std::uint8_t* packet, std::size_t length);

  // Sets the time of everything sent from now on.
  void set_now(std::uint64_t now) { now_ = now; }
  std::uint64_t now() const { return now_; }

  DatagramSender& sender() { return sender_; }
  // Null when this thread does all the work.
  OrderedQueue* queue() { return queue_.get(); }

 private:
  void send(OpenBatch& open);

  Device& device_;
  DatagramSender sender_;
  Aead aead_;
  Nesting nesting_;
  std::vector<OpenBatch> batches_;  // one, or one for each slot of the queue
  OpenBatch* open_;
  std::unique_ptr<OrderedQueue> queue_;
  std::uint64_t now_ = 0;

  // The message placed last.
  Peer* peer_ = nullptr;
  std::size_t length_ = 0, padded_ = 0;
  Outer outer_;
};

}  // namespace wgq
