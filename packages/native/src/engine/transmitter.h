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

// Makes transport messages and sends them in batches. One object per thread; messages are encrypted where they lie,
// back to back, so that a batch is one system call without a copy. With a queue, batches are encrypted by several
// threads and sent in their order.
class Transmitter {
 public:
  // With `offer`, as OrderedQueue has it, there is a queue over the device's slots: only for the sending thread.
  explicit Transmitter(Device& device, std::function<void()> offer = nullptr);

  // Where the plaintext of a next message may be put by who reads it in place: room for `largest_packet` bytes.
  std::uint8_t* next_plaintext() { return open_->next_plaintext(); }
  // Makes room for a message of `length` plaintext bytes to `peer`: sends the open batch first when the message does
  // not fit it. Returns where the plaintext belongs; what is at next_plaintext() is moved along when `in_place`.
  std::uint8_t* place(Peer& peer, std::size_t length, Outer outer, bool in_place);
  // Pads and encrypts the message placed last and adds it to the batch.
  void seal(Keypair& keypair, std::uint64_t nonce);
  // Sends the open batch, or leaves it to the queue.
  void flush();
  // Does what no other thread has taken up yet: before this one sleeps.
  void settle();
  // Returns when everything was sent.
  void drain();

  // Sends what is staged for a peer when a key is usable, else asks for a handshake.
  void flush_staged(Peer& peer);
  // What the header outside takes from a packet to a peer whose endpoint has this family; nothing for a packet that
  // loops over several tunnels.
  std::optional<Outer> outer_of(std::uint8_t family, const std::uint8_t* packet, std::size_t length);
  // Stages a packet; follow with flush_staged.
  void stage(Peer& peer, const std::uint8_t* packet, std::size_t length);

  // The clock of everything sent from now on.
  void set_now(std::uint64_t now) { now_ = now; }
  std::uint64_t now() const { return now_; }

  DatagramSender& sender() { return sender_; }
  // Null when this thread does it all.
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
