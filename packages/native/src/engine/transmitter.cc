// SPDX-License-Identifier: MIT
#include "engine/transmitter.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/ip-packet.h"

namespace wgq {

Transmitter::Transmitter(Device& device, std::function<void()> offer)
    : device_(device),
      sender_(device.counters, device.mailbox),
      batches_(offer ? device.slots_per_queue : 1),
      open_(batches_.data()) {
  if (!offer) return;
  queue_ = std::make_unique<OrderedQueue>(
      batches_.size(), [this](std::size_t slot, Aead& aead) { batches_[slot].seal(aead); },
      [this](std::size_t slot) {
        send(batches_[slot]);
        device_.epoch.release(device_.outbound_slot(slot));
      },
      std::move(offer));
}

std::uint8_t* Transmitter::place(Peer& peer, std::size_t length, Outer outer, bool in_place) {
  peer_ = &peer;
  outer_ = outer;
  length_ = length;
  padded_ = device_.padded(length);
  if (!open_->fits(peer, padded_ + transport_overhead, outer)) {
    // Encrypting does not overwrite the memory of the next message.
    std::uint8_t* const old = next_plaintext();
    flush();
    if (in_place) std::memmove(next_plaintext(), old, length);
  }
  return next_plaintext();
}

void Transmitter::seal(Keypair& keypair, std::uint64_t nonce) {
  open_->add(*peer_, keypair, length_, padded_, outer_, nonce);
  if (!queue_) open_->seal(aead_);  // now, while the bytes are in the cache
}

void Transmitter::flush() {
  if (open_->empty()) return;
  open_->now = now_;
  if (!queue_) return send(*open_);
  constexpr std::size_t worth_a_wake_up = 8192;  // bytes
  device_.epoch.hold(device_.outbound_slot(queue_->slot()), device_.outbound_reader());
  queue_->publish(aead_, open_->batch().bytes >= worth_a_wake_up);
  open_ = &batches_[queue_->slot()];
}

void Transmitter::settle() {
  if (queue_) queue_->settle(aead_);
}

void Transmitter::drain() {
  flush();
  if (queue_) queue_->drain(aead_);
}

void Transmitter::send(OpenBatch& open) {
  if (!open.sealed()) {
    count(device_.counters.crypto_failures, open.batch().count());
    return open.clear();
  }
  UdpSockets* sockets = device_.sockets.load(std::memory_order_acquire);
  Peer& peer = open.peer();
  const int error = sockets ? sender_.send(*sockets, peer, open.batch()) : ENETDOWN;
  if (error == 0) {
    peer.tx_bytes.fetch_add(open.batch().bytes, std::memory_order_relaxed);
  } else {
    peer.send_error.store(error, std::memory_order_relaxed);
    device_.mailbox.report(peer, peer.failure_reported, peer_event::send_failed, open.now);
  }
  peer.last_traversal.store(open.now, std::memory_order_relaxed);
  if (peer.unacknowledged_since.load(std::memory_order_relaxed) != 0)
    peer.unacknowledged_since.store(0, std::memory_order_relaxed);
  if (open.has_data() && error == 0) {
    peer.last_data_sent.store(open.now, std::memory_order_relaxed);
    if (peer.unanswered_since.load(std::memory_order_relaxed) == 0) {
      peer.unanswered_since.store(open.now, std::memory_order_seq_cst);
      device_.mailbox.report(peer, peer.silence_reported, peer_event::awaiting_reply, open.now);
    }
  }
  // Keep the key fresh (protocol §4.3, sending).
  const Keypair& keypair = open.keypair();
  if (keypair.next_nonce.load(std::memory_order_relaxed) > rekey_after_messages ||
      (keypair.initiator && open.now - keypair.birth >= rekey_after && open.now >= keypair.birth))
    device_.mailbox.ask_handshake(peer, open.now, true);
  open.clear();
}

std::optional<Outer> Transmitter::outer_of(std::uint8_t family, const std::uint8_t* packet, std::size_t length) {
  const UdpSockets* sockets = device_.sockets.load(std::memory_order_acquire);
  const auto hops = sockets ? nesting_.hop_limit(*sockets, family, packet, length, now_) : std::uint8_t{0};
  if (!hops) return std::nullopt;
  return Outer{static_cast<std::uint8_t>(traffic_class(packet) & ip::ecn_mask), *hops};
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
    const std::optional<Outer> outer =
        packet->length ? outer_of(peer.endpoint.read().family, packet->bytes.get(), packet->length) : Outer{};
    if (!outer) {
      count(device_.counters.loop);
      continue;
    }
    std::uint64_t nonce;
    if (!keypair->take_nonces(1, nonce)) {
      // The key is used up midway: the rest waits at the front of the queue for the next key.
      std::vector<StagedQueue::Packet> rest(std::make_move_iterator(packet), std::make_move_iterator(packets.end()));
      count(device_.counters.staged_dropped, peer.staged.push_front(std::move(rest)));
      device_.mailbox.ask_handshake(peer, now_, false);
      break;
    }
    std::uint8_t* text = place(peer, packet->length, *outer, false);
    if (packet->length) std::memcpy(text, packet->bytes.get(), packet->length);
    seal(*keypair, nonce);
  }
  flush();
  peer.staged.sent();
}

}  // namespace wgq
