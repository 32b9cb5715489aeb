// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>

#include <array>
#include <memory>

#include "engine/control-messages.h"
#include "engine/transmitter.h"
#include "engine/tun-writer.h"
#include "engine/wakeup.h"

namespace wgq {

// The receiving thread: UDP → decryption → checks → TUN, to completion for each batch of datagrams.
class Inbound {
 public:
  explicit Inbound(Device& device);

  void run();
  const Wakeup& wakeup() const { return wakeup_; }
  // For tests: takes one datagram as if it had been received now.
  void inject(std::uint8_t* data, std::size_t length, const DatagramFacts& facts, const Endpoint& from);

 private:
  static constexpr std::size_t batch = 8;

  // True when there may be more to read.
  bool receive(UdpSocket& socket);
  // One datagram, which may be several coalesced ones; changed in place.
  void datagram(std::uint8_t* data, std::size_t length, const DatagramFacts& facts, const Endpoint& from);
  void message(std::uint8_t* data, std::size_t length, std::uint8_t tos, const Endpoint& from);
  void transport(std::uint8_t* data, std::size_t length, std::uint8_t tos, const Endpoint& from);
  void handshake(const std::uint8_t* data, std::size_t length, const Endpoint& from);
  void deliver(Peer& peer, std::uint8_t* packet, std::size_t length, std::uint8_t tos);
  void account(Peer& peer, Keypair& keypair, std::size_t bytes, bool data);
  void confirm(Keypair& keypair);

  Device& device_;
  Wakeup wakeup_;
  Aead aead_;
  Transmitter transmitter_;  // staged packets of a session that was just confirmed
  TunWriter tun_writer_;
  std::uint64_t now_ = 0;
  int receive_failures_ = 0;

  std::uint8_t* buffer(std::size_t index) { return buffers_.get() + Aead::lead + index * largest_packet; }

  std::unique_ptr<std::uint8_t[]> buffers_;
  std::array<mmsghdr, batch> headers_{};
  std::array<iovec, batch> vectors_{};
  std::array<sockaddr_storage, batch> addresses_{};
  struct alignas(cmsghdr) ControlSpace {
    std::array<std::uint8_t, receive_control_bytes> bytes;
  };
  std::array<ControlSpace, batch> controls_{};
};

}  // namespace wgq
