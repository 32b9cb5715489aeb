// SPDX-License-Identifier: MIT
#include "engine/engine.h"

#include "engine/blocked-signals.h"
#include "engine/bytes.h"
#include "engine/merge-support.h"
#include "engine/platform.h"
#include "engine/thread-boundary.h"
#include "napi/error.h"
#include "system/clock.h"

namespace wgq {

namespace {

constexpr std::size_t packet_threads = 2;
constexpr std::size_t slots_with_a_pool = 16;

}  // namespace

Engine::Engine(const EngineSettings& settings, std::function<void()> wake)
    : device_(std::move(wake), settings.threads > packet_threads ? slots_with_a_pool : 0),
      socket_options_(settings.sockets) {
  device_.framing = settings.framing;
  device_.merge_tcp = settings.framing == Framing::virtio && settings.tun_coalescing;
  device_.merge_udp = device_.merge_tcp && settings.udp_segmentation_of_tun && udp_merging_is_safe();
  set_mtu(settings.mtu);
  transmitter_ = std::make_unique<Transmitter>(device_);
  std::function<void()> offer;
  if (settings.threads > packet_threads) offer = [this] { pool_.offer(); };
  outbound_ = std::make_unique<Outbound>(device_, offer);
  inbound_ = std::make_unique<Inbound>(device_, offer);
  try {
    const BlockedSignals while_they_start;
    // Reports a failed thread to the daemon, which ends with the reason.
    const auto carry = [this](const char* name, auto& direction) {
      return [this, name, &direction] {
        thread_boundary(name, [&] { direction.run(); }, [this](int number, const char* why) {
          device_.mailbox.fatal(number, std::string("A packet thread failed: ") + why);
        });
      };
    };
    sending_ = std::thread(carry("wgq tun>udp", *outbound_));
    receiving_ = std::thread(carry("wgq udp>tun", *inbound_));
    if (settings.threads > packet_threads)
      pool_.start(settings.threads - packet_threads, {outbound_->queue(), inbound_->queue()});
  } catch (const std::system_error& error) {
    close();
    throw SystemError{error.code().value(), "pthread_create"};
  }
  platform::name_thread(sending_.native_handle(), "wgq tun>udp");
  platform::name_thread(receiving_.native_handle(), "wgq udp>tun");
  device_.tun = Descriptor(settings.tun_fd);  // ours from here on; the threads use it only after start()
}

Peer* Engine::find_peer(std::uint32_t id) const {
  const auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : found->second.get();
}

Peer& Engine::peer(std::uint32_t id) const {
  if (Peer* found = find_peer(id)) return *found;
  throw ArgumentError{"No peer has this number"};
}

void Engine::wake_threads() {
  outbound_->wakeup().signal();
  inbound_->wakeup().signal();
}

// --- sockets and running

void Engine::publish_sockets(std::unique_ptr<UdpSockets> sockets) {
  device_.sockets.store(sockets.get(), std::memory_order_seq_cst);
  std::unique_ptr<UdpSockets> old = std::exchange(sockets_, std::move(sockets));
  wake_threads();
  device_.epoch.synchronize();
  // A thread asleep in poll holds the sockets: closed before it is awake, they would occupy their port a little longer.
  while (old && inbound_->sleeps_on(old.get()))
    std::this_thread::sleep_for(std::chrono::microseconds(20));
}

std::uint16_t Engine::bind(std::uint16_t port) {
  if (closed_) throw SystemError{EBADF, "bind"};
  // A port cannot be bound again while the old sockets are open, so rebinding the same port keeps them.
  if (sockets_ && port != 0 && sockets_->port == port) {
    forget_sources();
    return port;
  }
  auto fresh = UdpSockets::open(port, socket_options_);
  const std::uint16_t bound = fresh->port;
  publish_sockets(std::move(fresh));
  forget_sources();
  return bound;
}

void Engine::unbind() { publish_sockets(nullptr); }

void Engine::set_mark(std::uint32_t mark) {
  if (mark == socket_options_.mark) return;
  if (sockets_) sockets_->set_mark(mark);
  socket_options_.mark = mark;
  forget_sources();
}

void Engine::forget_sources() {
  for (auto& [id, peer] : peers_) {
    peer->endpoint.clear_source();
    peer->refused_segment.store(0, std::memory_order_relaxed);
  }
}

void Engine::start() {
  if (closed_) throw SystemError{EBADF, "start"};
  for (auto& [id, peer] : peers_) {
    peer->silence_reported.store(0);
    peer->debt_reported.store(0);
  }
  device_.running.store(true, std::memory_order_release);
  wake_threads();
}

void Engine::stop() {
  if (closed_) return;
  park_threads();
  for (auto& [id, peer] : peers_) {
    drop_staged(*peer);
    handshakes_.forget_initiation(id);
  }
}

void Engine::park_threads() {
  device_.running.store(false, std::memory_order_seq_cst);
  wake_threads();
  device_.epoch.synchronize();
}

std::optional<SystemError> Engine::reattach_tun() {
  if (closed_) throw SystemError{EBADF, "reattach"};
  const bool was_running = device_.running.load();
  park_threads();
  auto why_not = platform::reattach_tun(device_.tun.get());
  if (!why_not) {
    device_.framing = Framing::none;
    device_.merge_tcp = device_.merge_udp = false;
    count(device_.counters.tun_reattached);
  }
  device_.running.store(was_running, std::memory_order_release);
  wake_threads();
  return why_not;
}

void Engine::close() {
  if (closed_) return;
  closed_ = true;
  device_.running.store(false, std::memory_order_release);
  device_.stopping.store(true, std::memory_order_seq_cst);
  if (outbound_ && inbound_) wake_threads();
  if (sending_.joinable()) sending_.join();
  if (receiving_.joinable()) receiving_.join();
  pool_.stop();
  device_.sockets.store(nullptr);
  sockets_.reset();
  device_.tun.reset();
  device_.identity.store(nullptr);
  identity_.reset();
  handshakes_.set_identity(std::nullopt);
  for (auto& [id, peer] : peers_) device_.allowed_ips.remove_peer(*peer);
  for (auto& [index, keypair] : keypairs_) device_.indices.remove(*keypair);
  keypairs_.clear();
  peers_.clear();
  device_.epoch.collect();
}

void Engine::set_route_mtus(std::span<const std::uint32_t> ascending) {
  for (std::size_t i = 0; i < device_.route_mtus.size(); i++)
    device_.route_mtus[i].store(i < ascending.size() ? ascending[i] : 0, std::memory_order_relaxed);
}

void Engine::set_identity(std::optional<noise::Key> private_key) {
  std::unique_ptr<Identity> identity = handshakes_.set_identity(private_key);
  device_.identity.store(identity.get(), std::memory_order_seq_cst);
  std::unique_ptr<Identity> old = std::exchange(identity_, std::move(identity));
  device_.epoch.synchronize();
}

// --- peers

std::uint32_t Engine::add_peer(const PublicKey& key) {
  do last_peer_++;
  while (last_peer_ == 0 || peers_.contains(last_peer_));
  handshakes_.add_peer(last_peer_, key);
  peers_.emplace(last_peer_, std::make_unique<Peer>(last_peer_, device_.staged_bytes));
  return last_peer_;
}

void Engine::remove_peer(std::uint32_t id) {
  Peer& gone = peer(id);
  device_.allowed_ips.remove_peer(gone);
  clear_sessions(id);
  for (std::uint32_t index : std::exchange(gone.dropped_indices, {})) drop(index);
  handshakes_.remove_peer(id);
  drop_staged(gone);
  auto owned = peers_.extract(id);
  device_.epoch.retire(std::move(owned.mapped()));
  device_.epoch.collect();
}

void Engine::set_endpoint(std::uint32_t id, const Endpoint& endpoint) {
  Peer& known = peer(id);
  known.endpoint.write(endpoint);
  known.refused_segment.store(0, std::memory_order_relaxed);
  known.asked_handshake.store(0, std::memory_order_relaxed);
}

void Engine::clear_source(std::uint32_t id) {
  Peer& known = peer(id);
  known.endpoint.clear_source();
  known.refused_segment.store(0, std::memory_order_relaxed);
}

void Engine::learn_endpoint(std::uint32_t id, const Endpoint& endpoint, std::size_t message_bytes) {
  Peer& known = peer(id);
  const Endpoint before = known.endpoint.read();
  if (endpoint.differs(before)) {
    known.endpoint.write(endpoint);
    known.refused_segment.store(0, std::memory_order_relaxed);
  }
  const std::uint64_t now = boottime_ns();
  known.rx_bytes.fetch_add(message_bytes, std::memory_order_relaxed);
  known.last_received.store(now, std::memory_order_relaxed);
  known.last_traversal.store(now, std::memory_order_relaxed);
  known.unanswered_since.store(0, std::memory_order_relaxed);
}

void Engine::update_allowed_ips(std::span<const std::uint8_t> records) {
  device_.allowed_ips.update(records, [this](std::uint32_t id) { return find_peer(id); });
  device_.epoch.collect();
}

// --- sessions

// Removes a keypair from the index table; it is deleted once no thread can be using it.
std::uint32_t Engine::drop(std::uint32_t local_index) {
  handshakes_.release(local_index);
  auto owned = keypairs_.extract(local_index);
  if (owned.empty()) return local_index;
  owned.mapped()->dropped.store(true, std::memory_order_release);
  owned.mapped()->may_send.store(false, std::memory_order_release);
  device_.indices.remove(*owned.mapped());
  device_.epoch.retire(std::move(owned.mapped()));
  return local_index;
}

std::uint32_t Engine::drop(std::atomic<Keypair*>& slot) {
  return drop(slot.exchange(nullptr, std::memory_order_seq_cst)->local_index);
}

std::vector<std::uint32_t> Engine::begin_session(std::uint32_t id, const SessionKeys& keys) {
  Peer& known = peer(id);
  if (keypairs_.contains(keys.local_index)) throw ArgumentError{"The local index is in use"};
  auto made = std::make_unique<Keypair>(known, keys.send.data(), keys.receive.data());
  Keypair* const fresh = made.get();
  fresh->birth = boottime_ns() - keys.age;
  fresh->local_index = keys.local_index;
  fresh->remote_index = keys.remote_index;
  fresh->initiator = keys.initiator;
  fresh->next_nonce = keys.first_nonce;
  keypairs_.emplace(keys.local_index, std::move(made));
  device_.indices.insert(*fresh);
  known.asked_handshake.store(0, std::memory_order_relaxed);

  std::vector<std::uint32_t> dropped;
  std::lock_guard lock(known.rotation);
  auto drop_slot = [&](std::atomic<Keypair*>& slot) {
    if (slot.load(std::memory_order_relaxed)) dropped.push_back(drop(slot));
  };
  drop_slot(known.previous);
  if (keys.initiator) {
    if (known.next.load(std::memory_order_relaxed)) {
      drop_slot(known.current);
      known.previous.store(known.next.exchange(nullptr), std::memory_order_release);
    } else {
      known.previous.store(known.current.load(), std::memory_order_release);
    }
    known.current.store(fresh, std::memory_order_release);
  } else {
    drop_slot(known.next);
    known.next.store(fresh, std::memory_order_release);
  }
  device_.epoch.collect();
  return dropped;
}

std::vector<std::uint32_t> Engine::clear_sessions(std::uint32_t id) {
  Peer& known = peer(id);
  known.asked_handshake.store(0, std::memory_order_relaxed);
  std::vector<std::uint32_t> dropped;
  std::lock_guard lock(known.rotation);
  for (auto* slot : {&known.next, &known.current, &known.previous})
    if (slot->load(std::memory_order_relaxed)) dropped.push_back(drop(*slot));
  device_.epoch.collect();
  return dropped;
}

void Engine::expire_sending(std::uint32_t id) {
  Peer& known = peer(id);
  known.asked_handshake.store(0, std::memory_order_relaxed);
  std::lock_guard lock(known.rotation);
  for (auto* slot : {&known.next, &known.current})
    if (Keypair* keypair = slot->load(std::memory_order_relaxed)) keypair->may_send.store(false);
}

// --- sending

std::unique_ptr<Handshakes::MadeInitiation> Engine::initiate(std::uint32_t id, const Timestamp& timestamp) {
  auto made = handshakes_.initiate(id, timestamp, boottime_ns());
  if (made) made->error_number = send_handshake(id, made->message);
  return made;
}

int Engine::send_handshake(std::uint32_t id, std::span<const std::uint8_t> message) {
  Peer& known = peer(id);
  if (!sockets_) return ENETDOWN;
  if (message.size() >= 8) known.handshake_index.store(load_le<std::uint32_t>(message.data() + 4));
  constexpr std::uint8_t tos_af41 = 0x88;  // protocol §11
  const Batch batch{message.data(), message.size(), message.size(), tos_af41};
  const int error = transmitter_->sender().send(*sockets_, known, batch);
  if (error) return error;
  known.tx_bytes.fetch_add(message.size(), std::memory_order_relaxed);
  known.unacknowledged_since.store(0, std::memory_order_relaxed);
  known.last_traversal.store(boottime_ns(), std::memory_order_relaxed);
  return 0;
}

void Engine::send_keepalive(std::uint32_t id) {
  Peer& known = peer(id);
  if (!known.staged.busy()) transmitter_->stage(known, nullptr, 0);
  flush_staged(id);
}

void Engine::flush_staged(std::uint32_t id) {
  if (!device_.running.load() || !sockets_) return;
  transmitter_->set_now(boottime_ns());
  transmitter_->flush_staged(peer(id));
}

std::size_t Engine::drop_staged(Peer& peer) {
  std::lock_guard lock(peer.staged.lock());
  const std::size_t dropped = peer.staged.clear();
  count(device_.counters.staged_dropped, dropped);
  return dropped;
}

std::size_t Engine::drop_staged(std::uint32_t id) { return drop_staged(peer(id)); }

// --- events

std::unique_ptr<Engine::Events> Engine::take_events(std::size_t most_handshakes) {
  device_.epoch.collect();
  auto events = std::make_unique<Events>();
  events->rest = device_.mailbox.take(most_handshakes);
  for (std::uint32_t id : events->rest.peers)
    if (const auto of_peer = take_peer_events(id)) events->peers.push_back(*of_peer);
  if (events->rest.handshakes.empty() || !device_.running.load()) return events;
  events->handshakes = handshakes_.receive(events->rest.handshakes, boottime_ns());
  for (HandshakeOutcome& outcome : events->handshakes)
    if (outcome.kind == HandshakeOutcome::Kind::answered || outcome.kind == HandshakeOutcome::Kind::completed)
      begin(outcome);
  return events;
}

std::optional<Engine::PeerEvents> Engine::take_peer_events(std::uint32_t id) {
  Peer* known = find_peer(id);
  if (!known) return std::nullopt;
  PeerEvents events{id, known->events.exchange(0, std::memory_order_acq_rel),
                    known->send_error.exchange(0, std::memory_order_relaxed)};
  const bool confirmed = events.flags & peer_event::session_confirmed;
  std::vector<std::uint32_t> dropped;
  bool sends = false;
  {
    std::lock_guard lock(known->rotation);
    dropped = std::exchange(known->dropped_indices, {});
    const Keypair* const current = known->current.load(std::memory_order_relaxed);
    sends = confirmed && current && current->usable(boottime_ns());
  }
  for (std::uint32_t index : dropped) drop(index);
  if (confirmed) {
    // An initiation that was kept beside the peer's is not needed any more, unless the session may not send.
    if (sends) handshakes_.forget_initiation(id);
    flush_staged(id);
  }
  return events;
}

void Engine::begin(HandshakeOutcome& made) {
  const bool initiator = made.kind == HandshakeOutcome::Kind::completed;
  const std::span<const std::uint8_t, noise::session_keys_bytes> keys = made.keys;
  const auto from_initiator = keys.first<noise::key_bytes>(), from_responder = keys.last<noise::key_bytes>();
  made.failure = reason_of_failure([&] {
    learn_endpoint(made.peer, made.from, initiator ? response_bytes : initiation_bytes);
    begin_session(made.peer, {initiator, made.local_index, made.remote_index,
                              initiator ? from_initiator : from_responder,
                              initiator ? from_responder : from_initiator, 0, 0});
  });
  if (!made.failure.empty()) {
    made.kind = HandshakeOutcome::Kind::failed;
    drop(made.local_index);
    return;
  }
  // Only memory can be missing; the session is there, and the timers try again.
  if (!reason_of_failure([&] { made.error_number = conclude(made); }).empty()) made.error_number = ENOMEM;
}

int Engine::conclude(const HandshakeOutcome& made) {
  if (made.kind == HandshakeOutcome::Kind::answered) return send_handshake(made.peer, made.response);
  // Sends the staged packets now, or an empty packet if there are none, which the responder needs (protocol §3.4 step 5).
  send_keepalive(made.peer);
  return 0;
}

void Engine::report_drain(double milliseconds) {
  device_.admission.report_drain(static_cast<std::uint64_t>(std::max(0.0, milliseconds)), boottime_ns());
}

}  // namespace wgq
