// SPDX-License-Identifier: MIT
#include "engine/inbound.h"

#include <poll.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/bytes.h"
#include "engine/ip-packet.h"
#include "system/clock.h"

// The steps a datagram passes, in order; each may drop it and count why:
//   1. kind and length of each message          4. counter within the limit, tag genuine
//   2. handshakes: admission (mac1, load), queue     5. replay window: only a genuine counter moves it
//   3. keypair by index: there, not too old     6. endpoint and session: the peer moved, the session is confirmed
//   7. inside: an IP packet whose source is the peer's by the whole table; then the TUN

namespace wgq {

namespace {

constexpr std::size_t datagrams_per_batch = 8;
// Smaller when several threads share the work.
constexpr std::size_t datagrams_per_slot = 2;

// UDP has no flow control, and a socket's buffer holds about 90 large datagrams unless its program sets more. So
// datagrams are handed over in bursts that fit, and the receiving program may run before the next burst: on two busy
// cores two to three times as many arrive (docs/performance.md).
constexpr std::size_t most_datagrams_at_once = 64, burst_of_datagrams = 16;

}  // namespace

Inbound::Inbound(Device& device, std::function<void()> offer)
    : device_(device), transmitter_(device), tun_writer_(device) {
  const std::size_t slots = offer ? device.slots_per_queue : 1;
  slots_.reserve(slots);
  while (slots_.size() < slots) slots_.emplace_back(offer ? datagrams_per_slot : datagrams_per_batch);
  if (!offer) return;
  queue_ = std::make_unique<OrderedQueue>(
      slots_.size(), [this](std::size_t slot, Aead& aead) { open(slots_[slot], aead); },
      [this](std::size_t slot) {
        finish(slots_[slot]);
        device_.epoch.release(device_.inbound_slot(slot));
      },
      std::move(offer));
}

void Inbound::run() {
  while (!device_.stopping.load(std::memory_order_acquire)) {
    int v4 = -1, v6 = -1;
    bool more = false;
    if (device_.running.load(std::memory_order_acquire)) {
      const Epoch::Section section(device_.epoch, device_.inbound_reader());
      UdpSockets* sockets = device_.sockets.load(std::memory_order_acquire);
      if (sockets && device_.running.load(std::memory_order_acquire)) {
        if (sockets->v4) more |= receive(sockets->v4);
        if (sockets->v6) more |= receive(sockets->v6);
        v4 = sockets->v4.fd.get();
        v6 = sockets->v6.fd.get();
        // Stored inside the section: a thread that replaces the sockets waits for its end and then sees this.
        if (!more) slept_on_.store(sockets, std::memory_order_release);
      }
    }
    if (more) continue;
    // Running or not: finish what was published.
    if (queue_) queue_->settle(aead_);
    // poll skips negative descriptors. Replacing the sockets wakes this thread, which then reads them again.
    pollfd waiting[3]{{wakeup_.fd(), POLLIN, 0}, {v4, POLLIN, 0}, {v6, POLLIN, 0}};
    Aead::clear_stack();
    ::poll(waiting, 3, -1);
    slept_on_.store(nullptr, std::memory_order_release);
    if (waiting[0].revents) wakeup_.clear();
  }
}

bool Inbound::receive(UdpSocket& socket) {
  Slot& slot = slots_[queue_ ? queue_->slot() : 0];
  if (slot.batch.receive(socket.fd.get()) < 0) {
    if (errno == EAGAIN) {
      receive_failures_ = 0;
      return false;
    }
    if (errno == EINTR) return true;
    // ENOBUFS, ENOMEM, an ICMP error: all temporary, but do not retry at full speed.
    count(device_.counters.udp_receive_errors);
    if (++receive_failures_ > 10) ::poll(nullptr, 0, 100);
    return true;
  }
  receive_failures_ = 0;
  count(device_.counters.udp_receives);
  const bool full = slot.batch.count() == slot.batch.capacity();
  slot.now = boottime_ns();
  if (queue_) {
    device_.epoch.hold(device_.inbound_slot(queue_->slot()), device_.inbound_reader());
    queue_->publish(aead_, full);
  } else {
    process(slot);
  }
  return full && device_.running.load(std::memory_order_relaxed);
}

template <class Visit>
void Inbound::open_each(const ReceivedDatagram& datagram, std::uint64_t now, Aead& aead, Visit visit) {
  if (datagram.truncated) return count(device_.counters.udp_truncated);
  const std::size_t stride =
      datagram.facts.segment ? datagram.facts.segment : std::max<std::size_t>(datagram.length, 1);
  count(device_.counters.udp_datagrams_in, std::max<std::size_t>(1, (datagram.length + stride - 1) / stride));
  for (std::size_t at = 0; at == 0 || at < datagram.length; at += stride) {
    Opened message{Opened::Kind::dropped, datagram.facts.tos,
                   datagram.data + at,    std::min(stride, datagram.length - at),
                   &datagram.from,        nullptr};
    open(message, now, aead);
    visit(message);
  }
}

// Processes each message completely while its bytes are in the cache.
void Inbound::process(Slot& slot) {
  now_ = slot.now;
  transmitter_.set_now(now_);
  slot.datagrams.clear();
  for (std::size_t i = 0; i < slot.batch.count(); i++)
    open_each(slot.datagrams.emplace_back(slot.batch.at(i)), now_, aead_,
              [&](const Opened& message) { accept(message); });
  end_batch();
}

void Inbound::open(Slot& slot, Aead& aead) {
  slot.datagrams.clear();
  slot.opened.clear();
  for (std::size_t i = 0; i < slot.batch.count(); i++)
    open_each(slot.datagrams.emplace_back(slot.batch.at(i)), slot.now, aead,
              [&](const Opened& message) { slot.opened.push_back(message); });
}

void Inbound::finish(Slot& slot) {
  now_ = slot.now;
  transmitter_.set_now(now_);
  for (const Opened& message : slot.opened) accept(message);
  end_batch();
}

void Inbound::end_batch() {
  account();
  hand_over();
}

void Inbound::hand_over() {
  const bool burst = tun_writer_.datagrams() >= burst_of_datagrams;
  if (!tun_writer_.flush()) {
    device_.mailbox.fatal(ENODEV, "The TUN device is gone");
    device_.running.store(false, std::memory_order_release);
  }
  if (burst) ::sched_yield();
}

void Inbound::inject(std::uint8_t* data, std::size_t length, const DatagramFacts& facts, const Endpoint& from) {
  now_ = boottime_ns();
  transmitter_.set_now(now_);
  open_each({data, length, facts, from, false}, now_, aead_, [&](const Opened& message) { accept(message); });
  account();
  tun_writer_.flush();
}

void Inbound::open(Opened& message, std::uint64_t now, Aead& aead) {
  std::uint8_t* const data = message.data;
  if (message.length < transport_overhead || load_le<std::uint32_t>(data) != message_transport) {
    message.kind = Opened::Kind::handshake;
    return;
  }
  Counters& counters = device_.counters;
  Keypair* const keypair = device_.indices.find(load_le<std::uint32_t>(data + 4));
  if (!keypair || keypair->dropped.load(std::memory_order_acquire)) return count(counters.unknown_index);
  if (keypair->expired(now)) return count(counters.expired_key);
  const auto counter = load_le<std::uint64_t>(data + 8);
  if (counter >= reject_after_messages) return count(counters.expired_key);
  if (!aead.open(keypair->receive_key, counter, data + transport_header_bytes, message.length - transport_overhead))
    return count(counters.bad_tag);
  message.kind = Opened::Kind::transport;
  message.keypair = keypair;
}

void Inbound::accept(const Opened& message) {
  switch (message.kind) {
    case Opened::Kind::transport:
      return transport(message);
    case Opened::Kind::handshake:
      return handshake(message.data, message.length, *message.from);
    case Opened::Kind::dropped:
      return;
  }
}

void Inbound::transport(const Opened& message) {
  Keypair* const keypair = message.keypair;
  const Endpoint& from = *message.from;
  if (!keypair->window.accept(load_le<std::uint64_t>(message.data + 8))) return count(device_.counters.replayed);
  std::uint8_t* const text = message.data + transport_header_bytes;
  const std::size_t text_length = message.length - transport_overhead;

  if (keypair != run_.keypair || &from != run_.from) {
    account();
    run_ = {keypair, &from};
    meet(*keypair, from);
  }
  run_.bytes += message.length;
  if (text_length == 0) return;
  run_.has_data = true;
  deliver(keypair->peer, text, text_length, message.tos);
}

// Checks done once for successive messages: the peer may have moved, and the messages may confirm the session.
void Inbound::meet(Keypair& keypair, const Endpoint& from) {
  Peer& peer = keypair.peer;
  const Endpoint known = peer.endpoint.read();
  if (from.differs(known)) {
    peer.endpoint.write(from);
    peer.refused_segment.store(0, std::memory_order_relaxed);
    if (!known.same_place(from)) device_.mailbox.raise(peer, peer_event::endpoint_moved);
  }
  if (&keypair == peer.next.load(std::memory_order_acquire)) confirm(keypair);
}

// The peer has the keys too: the session is complete (protocol §4.2).
void Inbound::confirm(Keypair& keypair) {
  Peer& peer = keypair.peer;
  {
    std::lock_guard lock(peer.rotation);
    if (peer.next.load(std::memory_order_relaxed) != &keypair) return;
    if (Keypair* old = peer.previous.load(std::memory_order_relaxed)) {
      old->dropped.store(true, std::memory_order_release);
      peer.dropped_indices.push_back(old->local_index);
    }
    peer.previous.store(peer.current.load(std::memory_order_relaxed), std::memory_order_release);
    peer.current.store(&keypair, std::memory_order_release);
    peer.next.store(nullptr, std::memory_order_release);
  }
  device_.mailbox.raise(peer, peer_event::session_confirmed);
  if (peer.staged.busy()) transmitter_.flush_staged(peer);
}

void Inbound::account() {
  if (!run_.keypair) return;
  Keypair& keypair = *run_.keypair;
  Peer& peer = keypair.peer;
  peer.rx_bytes.fetch_add(run_.bytes, std::memory_order_relaxed);
  peer.last_received.store(now_, std::memory_order_relaxed);
  peer.last_traversal.store(now_, std::memory_order_relaxed);
  if (peer.unanswered_since.load(std::memory_order_relaxed) != 0)
    peer.unanswered_since.store(0, std::memory_order_relaxed);
  if (run_.has_data && peer.unacknowledged_since.load(std::memory_order_relaxed) == 0) {
    peer.unacknowledged_since.store(now_, std::memory_order_seq_cst);
    device_.mailbox.report(peer, peer.debt_reported, peer_event::owes_keepalive, now_);
  }
  // Keep the key fresh (protocol §4.3, receiving): once per session, by its initiator.
  if (keypair.initiator && now_ - keypair.birth >= last_minute_after && now_ >= keypair.birth &&
      !keypair.last_minute_raised.exchange(true, std::memory_order_relaxed))
    device_.mailbox.raise(peer, peer_event::need_handshake | peer_event::last_minute);
  run_ = {};
}

void Inbound::deliver(Peer& peer, std::uint8_t* packet, std::size_t length, std::uint8_t tos) {
  if (!has_ip_header(packet, length)) return count(device_.counters.inner_malformed);
  const auto stated = stated_length(packet, length);
  if (!stated) return count(device_.counters.inner_malformed);
  // The source must belong to this peer by the most specific prefix of the whole device: else peers could spoof others.
  const Peer* owner = ip_version(packet) == 4 ? device_.allowed_ips.lookup_v4(packet + 12)
                                              : device_.allowed_ips.lookup_v6(packet + 8);
  if (owner != &peer) return count(device_.counters.inner_refused);
  if ((tos & ip::ecn_mask) == ip::ecn_ce) mark_congestion(packet);
  tun_writer_.add(packet, *stated);
  if (tun_writer_.datagrams() >= most_datagrams_at_once) hand_over();
}

void Inbound::handshake(const std::uint8_t* data, std::size_t length, const Endpoint& from) {
  Counters& counters = device_.counters;
  const Identity* identity = device_.identity.load(std::memory_order_acquire);
  const std::span message(data, length);
  switch (device_.admission.judge(identity, message, from, device_.mailbox.handshakes_queued(), now_)) {
    case HandshakeAdmission::Verdict::malformed:
      return count(counters.malformed);
    case HandshakeAdmission::Verdict::bad_mac1:
      return count(counters.bad_mac1);
    case HandshakeAdmission::Verdict::rate_limited:
      return count(counters.rate_limited);
    case HandshakeAdmission::Verdict::answer_cookie: {
      const auto reply = device_.admission.reply(*identity, message, from, now_);
      if (!reply) return count(counters.crypto_failures);
      if (UdpSockets* sockets = device_.sockets.load(std::memory_order_acquire))
        transmitter_.sender().send_to(*sockets, from, reply->data(), reply->size());
      return count(counters.cookies_sent);
    }
    case HandshakeAdmission::Verdict::admit:
      break;
  }
  HandshakeMessage queued;
  queued.length = length;
  std::memcpy(queued.bytes, data, length);
  queued.from = from;
  queued.arrived = now_;
  count(device_.mailbox.handshake(queued) ? counters.handshakes_queued : counters.handshakes_overflowed);
}

}  // namespace wgq
