// SPDX-License-Identifier: MIT
#include "engine/mailbox.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/peer.h"

namespace wgq {

void Mailbox::announce() {
  if (!announced_.exchange(true, std::memory_order_acq_rel)) wake_();
}

void Mailbox::raise(Peer& peer, std::uint32_t events) {
  const std::uint32_t before = peer.events.fetch_or(events, std::memory_order_acq_rel);
  if (before != 0) return;  // already in the mailbox
  {
    std::lock_guard lock(lock_);
    contents_.peers.push_back(peer.id);
  }
  announce();
}

void Mailbox::report(Peer& peer, std::atomic<std::uint64_t>& last, std::uint32_t event, std::uint64_t now) {
  const std::uint64_t before = last.load(std::memory_order_relaxed);
  if (before != 0 && now - before < second) return;
  last.store(now, std::memory_order_seq_cst);
  raise(peer, event);
}

void Mailbox::ask_handshake(Peer& peer, std::uint64_t now, bool key_usable) {
  const std::uint64_t pause = key_usable ? 100 * millisecond : 10 * millisecond;
  const std::uint64_t last = peer.asked_handshake.load(std::memory_order_relaxed);
  if (last != 0 && now - last < pause) return;
  peer.asked_handshake.store(now, std::memory_order_relaxed);
  raise(peer, peer_event::need_handshake);
}

bool Mailbox::handshake(const HandshakeMessage& message) {
  {
    std::lock_guard lock(lock_);
    if (contents_.handshakes.size() >= most_handshakes) return false;
    contents_.handshakes.push_back(message);
    queued_.store(contents_.handshakes.size(), std::memory_order_relaxed);
  }
  announce();
  return true;
}

void Mailbox::notice(std::string text) {
  {
    std::lock_guard lock(lock_);
    contents_.notices.push_back(std::move(text));
  }
  announce();
}

void Mailbox::fatal(int number, std::string text) {
  {
    std::lock_guard lock(lock_);
    if (!contents_.fatal) contents_.fatal = Fatal{number, std::move(text)};
  }
  announce();
}

void Mailbox::header_refused() {
  {
    std::lock_guard lock(lock_);
    if (std::exchange(header_refusal_told_, true)) return;
    contents_.header_refused = true;
  }
  announce();
}

Mailbox::Contents Mailbox::take(std::size_t most) {
  announced_.store(false, std::memory_order_release);
  Contents taken;
  bool more = false;
  {
    std::lock_guard lock(lock_);
    taken = std::exchange(contents_, {});
    if (taken.handshakes.size() > most) {
      const auto kept = taken.handshakes.begin() + static_cast<std::ptrdiff_t>(most);
      std::move(kept, taken.handshakes.end(), std::back_inserter(contents_.handshakes));
      taken.handshakes.erase(kept, taken.handshakes.end());
      more = true;
    }
    queued_.store(contents_.handshakes.size(), std::memory_order_relaxed);
  }
  if (more) announce();
  return taken;
}

}  // namespace wgq
