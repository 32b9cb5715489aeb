// SPDX-License-Identifier: MIT
#include "engine/outbound.h"

#include <poll.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/bytes.h"
#include "engine/ip-packet.h"
#include "engine/platform.h"
#include "napi/error.h"
#include "system/clock.h"

// The steps a packet of the TUN passes, in order; each may drop it and count why:
//   1. shape: it has an IP header, and its virtio header fits it        4. loops: our own messages, or those of tunnels in
//   2. owner: the most specific allowed IP of its destination              tunnels that return
//   3. endpoint: known, else the sender gets ICMP unreachable           5. packets staged for the peer leave first
//   6. key and counters: a usable key, a range of nonces taken; else it is staged and a handshake is requested
//   7. padding, encryption in place, sending in a batch

namespace wgq {
namespace {

// How many bytes of a packet are read to where they will be encrypted. The rest of a longer one (a super-packet) goes
// into a separate buffer; super-packets are copied anyway.
constexpr std::size_t in_place_bytes = 2048;
constexpr int most_reads = 64;  // before the shared state is read again

}  // namespace

Outbound::Outbound(Device& device, std::function<void()> offer)
    : device_(device),
      transmitter_(device, std::move(offer)),
      tun_writer_(device),
      overflow_(std::make_unique_for_overwrite<std::uint8_t[]>(in_place_bytes + largest_packet)) {}

void Outbound::run() {
  while (!device_.stopping.load(std::memory_order_acquire)) {
    bool parked = !device_.running.load(std::memory_order_acquire);
    Read last = Read::nothing;
    if (!parked) {
      const Epoch::Section section(device_.epoch, device_.outbound_reader());
      parked = !device_.running.load(std::memory_order_acquire);
      transmitter_.set_now(boottime_ns());
      for (int reads = 0; !parked && reads < most_reads; reads++)
        if ((last = read_packet()) != Read::packet) break;
      transmitter_.flush();
    }
    if (last == Read::gone) {
      device_.mailbox.fatal(read_error_, "The TUN device is gone");
      device_.running.store(false, std::memory_order_release);
      parked = true;
    }
    if (!parked && last == Read::packet) continue;
    // Parked or not: finish what was published.
    transmitter_.settle();
    // Down: reads fail until the device is up again; the kernel notifies the control thread, which parks this one.
    // The descriptor may be polled only while this thread is not parked.
    const int tun = !parked && last == Read::nothing ? device_.tun.get() : -1;
    pollfd waiting[2]{{wakeup_.fd(), POLLIN, 0}, {tun, POLLIN, 0}};
    Aead::clear_stack();
    ::poll(waiting, 2, last == Read::down ? 100 : -1);
    if (waiting[0].revents) wakeup_.clear();
  }
}

Outbound::Read Outbound::read_packet() {
  VirtioHeader header;
  std::uint8_t* const slot = transmitter_.next_plaintext();
  std::uint32_t word;
  iovec parts[3]{{&header, sizeof header},
                 {slot, in_place_bytes},
                 {overflow_.get() + in_place_bytes, largest_packet - in_place_bytes}};
  if (device_.framing == Framing::family_word) parts[0] = {&word, sizeof word};
  const std::size_t overhead = device_.framing == Framing::none ? 0 : parts[0].iov_len;
  const ssize_t got = ::readv(device_.tun.get(), overhead ? parts : parts + 1, overhead ? 3 : 2);
  if (got < 0) {
    read_error_ = errno;
    if (read_error_ == EAGAIN || read_error_ == EINTR) return Read::nothing;
    if (platform::means_gone(read_error_)) return Read::gone;
    return Read::down;
  }
  if (static_cast<std::size_t>(got) <= overhead) return Read::packet;
  const std::size_t length = static_cast<std::size_t>(got) - overhead;
  count(device_.counters.tun_reads);
  if (length > in_place_bytes || header.gso_type != VirtioHeader::none) {
    std::memcpy(overflow_.get(), slot, std::min(length, in_place_bytes));
    forward(overflow_.get(), length, header, false);
  } else {
    forward(slot, length, header, true);
  }
  return Read::packet;
}

void Outbound::inject(std::uint8_t* packet, std::size_t length, const VirtioHeader& header) {
  transmitter_.set_now(boottime_ns());
  forward(packet, length, header, false);
  transmitter_.flush();
}

void Outbound::refuse(const std::uint8_t* packet, std::size_t length) {
  const std::size_t answer = unreachable_.build(packet, length, transmitter_.now());
  if (!answer) return;
  count(device_.counters.unreachable_sent);
  tun_writer_.write_alone(unreachable_.bytes(), answer);
}

bool Outbound::is_own_message(const Peer& peer, const Endpoint& endpoint, const std::uint8_t* packet,
                              std::size_t length) const {
  const bool v4 = ip_version(packet) == 4;
  const std::size_t transport = v4 ? std::size_t{packet[0] & 15u} * 4 : ip::v6_header;
  if ((v4 ? packet[9] : packet[6]) != ip::udp || length < transport + 16) return false;
  const UdpSockets* sockets = device_.sockets.load(std::memory_order_acquire);
  if (!sockets || load_be<std::uint16_t>(packet + transport) != sockets->port) return false;
  if (load_be<std::uint16_t>(packet + transport + 2) != endpoint.port || endpoint.family != (v4 ? 4 : 6)) return false;
  if (std::memcmp(packet + (v4 ? 16 : 24), endpoint.address, endpoint.address_length()) != 0) return false;
  // The same ports may belong to a WireGuard behind us that uses this tunnel: only messages with our indices are ours.
  const std::uint8_t* message = packet + transport + 8;
  const auto type = load_le<std::uint32_t>(message), index = load_le<std::uint32_t>(message + 4);
  if (type == message_initiation || type == message_response)
    return index == peer.handshake_index.load(std::memory_order_relaxed);
  if (type != message_transport) return false;
  for (const auto* slot : {&peer.current, &peer.previous}) {
    const Keypair* keypair = slot->load(std::memory_order_acquire);
    if (keypair && keypair->remote_index == index) return true;
  }
  return false;
}

void Outbound::forward(std::uint8_t* packet, std::size_t length, const VirtioHeader& header, bool in_place) {
  if (!has_ip_header(packet, length)) return count(device_.counters.tun_malformed);
  const bool segmented = header.gso_type != VirtioHeader::none;
  if (segmented ? !segmenter_.start(header, packet, length)
                : (header.flags & VirtioHeader::needs_checksum) && !complete_checksum(header, packet, length))
    return count(device_.counters.tun_malformed);
  const std::size_t packets = segmented ? segmenter_.count() : 1;
  count(device_.counters.tun_packets_in, packets);

  Peer* const peer = ip_version(packet) == 4 ? device_.allowed_ips.lookup_v4(packet + 16)
                                             : device_.allowed_ips.lookup_v6(packet + 24);
  if (!peer) {
    count(device_.counters.no_peer, packets);
    return refuse(packet, length);
  }
  const Endpoint endpoint = peer->endpoint.read();
  if (!endpoint.known()) {
    count(device_.counters.no_endpoint, packets);
    return refuse(packet, length);
  }
  const std::optional<Outer> outer = transmitter_.outer_of(endpoint.family, packet, length);
  if (!outer || is_own_message(*peer, endpoint, packet, length)) return count(device_.counters.loop, packets);

  if (peer->staged.busy()) {
    // Staged packets leave first. Sending them overwrites the slot that may hold this packet.
    if (in_place) {
      std::memcpy(overflow_.get(), packet, length);
      packet = overflow_.get();
      in_place = false;
    }
    transmitter_.flush_staged(*peer);
  }
  Keypair* const keypair = peer->current.load(std::memory_order_acquire);
  std::uint64_t nonce = 0;
  const bool sendable = !peer->staged.busy() && keypair && keypair->usable(transmitter_.now()) &&
                        keypair->take_nonces(packets, nonce);
  if (!sendable) {
    transmitter_.drain();  // messages with an older key leave first
    if (segmented) {
      // Segment into the send buffer, which is free while nothing is being sent.
      while (const std::size_t bytes = segmenter_.next_length()) {
        std::uint8_t* const to = transmitter_.next_plaintext();
        segmenter_.next(to);
        transmitter_.stage(*peer, to, bytes);
      }
    } else {
      transmitter_.stage(*peer, packet, length);
    }
    return transmitter_.flush_staged(*peer);
  }
  if (!segmented) {
    std::uint8_t* const text = transmitter_.place(*peer, length, *outer, in_place);
    if (!in_place) std::memcpy(text, packet, length);
    return transmitter_.seal(*keypair, nonce);
  }
  while (const std::size_t bytes = segmenter_.next_length()) {
    segmenter_.next(transmitter_.place(*peer, bytes, *outer, false));
    transmitter_.seal(*keypair, nonce++);
  }
}

}  // namespace wgq
