// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "engine/datagram-sender.h"

namespace wgq {

// Fields of the outer IP header that depend on the inner packet.
struct Outer {
  std::uint8_t ecn = 0;
  std::uint8_t hop_limit = 0;  // 0: the system's default
};

// A batch under construction: messages to one peer, in the memory where they are encrypted, and their keys and nonces.
class OpenBatch {
 public:
  OpenBatch();

  // Empties it for the next batch.
  void clear();
  bool empty() const { return batch_.bytes == 0; }
  // Whether a message of `bytes` to `peer` may join the batch.
  bool fits(const Peer& peer, std::size_t bytes, Outer outer) const;
  // Where a caller may read the plaintext of the next message in place: room for `largest_packet` bytes.
  std::uint8_t* next_plaintext() { return arena_.get() + Aead::lead + batch_.bytes + transport_header_bytes; }

  // Adds a message of `length` bytes, which are at next_plaintext() and are padded to `padded`, to be encrypted by
  // `seal`.
  void add(Peer& peer, Keypair& keypair, std::size_t length, std::size_t padded, Outer outer, std::uint64_t nonce);
  // Encrypts the messages added since the last call. `sealed` is false if that failed: then nothing may be sent.
  void seal(Aead& aead);

  bool sealed() const { return !refused_; }
  const Batch& batch() const { return batch_; }
  Peer& peer() const { return *peer_; }
  Keypair& keypair() const { return *keypair_; }
  bool has_data() const { return has_data_; }
  // The time of sending: boot time, ns.
  std::uint64_t now = 0;

 private:
  static constexpr std::size_t arena_bytes = std::size_t{256} * 1024;

  struct Message {
    Keypair* keypair;
    std::uint64_t nonce;
    std::uint32_t at, length, padded;
  };

  std::unique_ptr<std::uint8_t[]> arena_;
  Batch batch_;
  Peer* peer_ = nullptr;
  Keypair* keypair_ = nullptr;  // of the last message
  bool ended_ = false;          // a shorter message is at the end
  bool has_data_ = false;       // not only keepalives
  bool refused_ = false;        // a message could not be encrypted
  std::array<Message, most_segments> messages_;
  std::size_t added_ = 0, sealed_ = 0;
};

}  // namespace wgq
