// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engine/crypto-pool.h"
#include "engine/inbound.h"
#include "engine/outbound.h"
#include "handshakes/handshakes.h"
#include "napi/error.h"

namespace wgq {

struct EngineSettings {
  int tun_fd = -1;
  Framing framing = Framing::none;
  bool udp_segmentation_of_tun = false;
  bool tun_coalescing = true;
  std::uint32_t mtu = 1420;
  // Number of packet threads: one for each direction; the rest help with cryptography.
  std::size_t threads = 2;
  SocketOptions sockets;
};

struct SessionKeys {
  bool initiator;
  std::uint32_t local_index, remote_index;
  std::span<const std::uint8_t, 32> send, receive;
  std::uint64_t first_nonce;
  std::uint64_t age;
};

// The control side of the packet engine: the functions that JavaScript calls, described in engine.ts. Used by one
// thread.
class Engine {
 public:
  Engine(const EngineSettings& settings, std::function<void()> wake);
  ~Engine() { close(); }

  std::uint16_t bind(std::uint16_t port);
  void unbind();
  void set_mark(std::uint32_t mark);
  void start();
  void stop();
  void close();
  std::optional<SystemError> reattach_tun();
  void set_mtu(std::uint32_t mtu) { device_.mtu.store(mtu, std::memory_order_relaxed); }
  void set_route_mtus(std::span<const std::uint32_t> ascending);
  // Our own private key, 32 bytes, or none.
  void set_identity(std::optional<noise::Key> private_key);
  Handshakes& handshakes() { return handshakes_; }

  std::uint32_t add_peer(const PublicKey& key);
  void remove_peer(std::uint32_t id);
  void set_endpoint(std::uint32_t id, const Endpoint& endpoint);
  void clear_source(std::uint32_t id);
  void learn_endpoint(std::uint32_t id, const Endpoint& endpoint, std::size_t message_bytes);
  void update_allowed_ips(std::span<const std::uint8_t> records);

  std::vector<std::uint32_t> begin_session(std::uint32_t id, const SessionKeys& keys);
  std::vector<std::uint32_t> clear_sessions(std::uint32_t id);
  void expire_sending(std::uint32_t id);

  // Makes and sends an initiation. Null when there is none to make (Handshakes::initiate).
  std::unique_ptr<Handshakes::MadeInitiation> initiate(std::uint32_t id, const Timestamp& timestamp);
  int send_handshake(std::uint32_t id, std::span<const std::uint8_t> message);
  void send_keepalive(std::uint32_t id);
  void flush_staged(std::uint32_t id);
  std::size_t drop_staged(std::uint32_t id);

  struct PeerEvents {
    std::uint32_t id, flags;
    int send_error;
  };
  // What happened since the last call. Handshake messages are handled in it: after the events of peers, which are older.
  struct Events {
    std::vector<PeerEvents> peers;
    std::deque<HandshakeOutcome> handshakes;
    Mailbox::Contents rest;
  };
  std::unique_ptr<Events> take_events(std::size_t most_handshakes);

  void report_drain(double milliseconds);
  Peer* find_peer(std::uint32_t id) const;
  Peer& peer(std::uint32_t id) const;
  Device& device() { return device_; }
  // For tests that call a path directly; only while the engine is not started.
  Inbound& inbound() { return *inbound_; }
  Outbound& outbound() { return *outbound_; }

 private:
  void publish_sockets(std::unique_ptr<UdpSockets> sockets);
  void forget_sources();
  void wake_threads();
  void park_threads();
  std::uint32_t drop(std::uint32_t local_index);
  std::uint32_t drop(std::atomic<Keypair*>& slot);
  std::size_t drop_staged(Peer& peer);
  std::optional<PeerEvents> take_peer_events(std::uint32_t id);
  // Begins the session that a handshake made. On failure there is none.
  void begin(HandshakeOutcome& made);
  // Sends what the peer waits for after that. Returns why it did not leave, or 0.
  int conclude(const HandshakeOutcome& made);

  Device device_;
  Handshakes handshakes_;
  SocketOptions socket_options_;
  std::unordered_map<std::uint32_t, std::unique_ptr<Peer>> peers_;
  std::unordered_map<std::uint32_t, std::unique_ptr<Keypair>> keypairs_;  // by local index
  std::uint32_t last_peer_ = 0;
  std::unique_ptr<UdpSockets> sockets_;
  std::unique_ptr<Identity> identity_;
  std::unique_ptr<Transmitter> transmitter_;
  std::unique_ptr<Outbound> outbound_;
  std::unique_ptr<Inbound> inbound_;
  CryptoPool pool_;
  std::thread sending_, receiving_;
  bool closed_ = false;
};

}  // namespace wgq
