// SPDX-License-Identifier: MIT
#include "engine/transmitter.h"

#include <cstring>

#include "engine/bytes.h"
#include "engine/ip-packet.h"
#include "engine/padding.h"

namespace wgq {

Transmitter::Transmitter(Device& device)
    : device_(device),
      sender_(device.counters, device.mailbox),
      arena_(std::make_unique_for_overwrite<std::uint8_t[]>(arena_bytes)) {
  train_.data = arena_.get() + Aead::lead;
}

std::uint8_t* Transmitter::next_plaintext() { return end_of_train() + transport_header_bytes; }

bool Transmitter::fits(const Peer& peer, std::size_t bytes, std::uint8_t ecn) const {
  if (train_.bytes == 0) return true;
  return peer_ == &peer && !ended_ && train_.tos == ecn && bytes <= train_.stride &&
         train_.count() < most_segments && train_.bytes + bytes <= most_train_bytes;
}

std::uint8_t* Transmitter::place(Peer& peer, Keypair& keypair, std::size_t length, std::uint8_t ecn, bool in_place) {
  const std::size_t padded = padded_length(length, device_.mtu.load(std::memory_order_relaxed));
  const std::size_t bytes = padded + transport_overhead;
  if (!fits(peer, bytes, ecn)) {
    std::uint8_t* const old = next_plaintext();
    flush();
    if (in_place) std::memmove(next_plaintext(), old, length);
  }
  if (train_.bytes == 0) {
    peer_ = &peer;
    train_.stride = bytes;
    train_.tos = ecn;
  }
  keypair_ = &keypair;
  message_ = {end_of_train(), &keypair, length, padded};
  return message_.at + transport_header_bytes;
}

void Transmitter::seal(std::uint64_t nonce) {
  std::uint8_t* const text = message_.at + transport_header_bytes;
  std::memset(text + message_.length, 0, message_.padded - message_.length);
  store_le(message_.at, message_transport);
  store_le(message_.at + 4, message_.keypair->remote_index);
  store_le(message_.at + 8, nonce);
  aead_.seal(message_.keypair->send_key, nonce, text, message_.padded);
  const std::size_t bytes = message_.padded + transport_overhead;
  if (bytes < train_.stride) ended_ = true;
  if (message_.length > 0) has_data_ = true;
  train_.bytes += bytes;
}

void Transmitter::flush() {
  if (train_.bytes == 0) return;
  UdpSockets* sockets = device_.sockets.load(std::memory_order_acquire);
  const int error = sockets ? sender_.send(*sockets, *peer_, train_) : ENETDOWN;
  Peer& peer = *peer_;
  if (error == 0) peer.tx_bytes.fetch_add(train_.bytes, std::memory_order_relaxed);
  peer.last_traversal.store(now_, std::memory_order_relaxed);
  if (peer.unacknowledged_since.load(std::memory_order_relaxed) != 0)
    peer.unacknowledged_since.store(0, std::memory_order_relaxed);
  if (has_data_ && error == 0) {
    peer.last_data_sent.store(now_, std::memory_order_relaxed);
    if (peer.unanswered_since.load(std::memory_order_relaxed) == 0) {
      peer.unanswered_since.store(now_, std::memory_order_seq_cst);
      device_.mailbox.report(peer, peer.silence_reported, peer_event::awaiting_reply, now_);
    }
  }
  // Keep the key fresh (protocol §4.3, sending).
  if (keypair_->next_nonce.load(std::memory_order_relaxed) > rekey_after_messages ||
      (keypair_->initiator && now_ - keypair_->birth >= rekey_after && now_ >= keypair_->birth))
    device_.mailbox.ask_handshake(peer, now_, true);
  train_ = {.data = arena_.get() + Aead::lead};
  peer_ = nullptr;
  ended_ = has_data_ = false;
}

void Transmitter::stage(Peer& peer, const std::uint8_t* packet, std::size_t length) {
  std::lock_guard lock(peer.staged.lock());
  count(device_.counters.staged_dropped, peer.staged.push(packet, length));
}

void Transmitter::flush_staged(Peer& peer) {
  std::lock_guard lock(peer.staged.lock());
  if (peer.staged.empty()) return;
  Keypair* keypair = peer.current.load(std::memory_order_acquire);
  if (!keypair || !keypair->usable(now_)) {
    device_.mailbox.ask_handshake(peer, now_, false);
    return;
  }
  flush();
  auto packets = peer.staged.take();
  for (auto packet = packets.begin(); packet != packets.end(); ++packet) {
    std::uint64_t nonce;
    if (!keypair->take_nonces(1, nonce)) {
      // The key is spent in the middle: the rest waits, in front, for the next one.
      std::vector<StagedQueue::Packet> rest(std::make_move_iterator(packet), std::make_move_iterator(packets.end()));
      count(device_.counters.staged_dropped, peer.staged.push_front(std::move(rest)));
      device_.mailbox.ask_handshake(peer, now_, false);
      break;
    }
    const std::uint8_t ecn = packet->length ? traffic_class(packet->bytes.get()) & ip::ecn_mask : 0;
    std::uint8_t* text = place(peer, *keypair, packet->length, ecn, false);
    if (packet->length) std::memcpy(text, packet->bytes.get(), packet->length);
    seal(nonce);
  }
  flush();
  peer.staged.sent();
}

}  // namespace wgq
