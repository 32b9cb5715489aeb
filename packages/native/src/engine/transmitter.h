// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>

#include "engine/datagram-sender.h"
#include "engine/device.h"

namespace wgq {

// Makes transport messages and sends them in trains. One object per thread; messages are encrypted where they lie, back
// to back, so that a train is one system call without a copy.
class Transmitter {
 public:
  explicit Transmitter(Device& device);

  // Where the plaintext of a next message may be put by who reads it in place: room for `largest_packet` bytes.
  std::uint8_t* next_plaintext();
  // Prepares a message of `length` plaintext bytes to `peer`: sends the open train first when the message does not fit
  // it. Returns where the plaintext belongs; what stands at next_plaintext() is moved along when `in_place`.
  std::uint8_t* place(Peer& peer, Keypair& keypair, std::size_t length, std::uint8_t ecn, bool in_place);
  // Pads and encrypts the message placed last and adds it to the train.
  void seal(std::uint64_t nonce);
  // Sends the open train.
  void flush();

  // Sends what is staged for a peer when a key is usable, else asks for a handshake.
  void flush_staged(Peer& peer);
  // Stages a packet; follow with flush_staged.
  void stage(Peer& peer, const std::uint8_t* packet, std::size_t length);

  // The clock of everything sent from now on.
  void set_now(std::uint64_t now) { now_ = now; }
  std::uint64_t now() const { return now_; }

  DatagramSender& sender() { return sender_; }

 private:
  static constexpr std::size_t arena_bytes = 256 * 1024;

  struct Message {
    std::uint8_t* at = nullptr;
    Keypair* keypair = nullptr;
    std::size_t length = 0;
    std::size_t padded = 0;
  };

  bool fits(const Peer& peer, std::size_t bytes, std::uint8_t ecn) const;
  std::uint8_t* end_of_train() const { return const_cast<std::uint8_t*>(train_.data) + train_.bytes; }

  Device& device_;
  DatagramSender sender_;
  Aead aead_;
  std::unique_ptr<std::uint8_t[]> arena_;
  std::uint64_t now_ = 0;

  Train train_;
  Peer* peer_ = nullptr;
  Keypair* keypair_ = nullptr;
  bool ended_ = false;     // a shorter message stands at the end
  bool has_data_ = false;  // not only keepalives
  Message message_;
};

}  // namespace wgq
