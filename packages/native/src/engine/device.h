// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "engine/allowed-ips.h"
#include "engine/counters.h"
#include "engine/epoch.h"
#include "engine/handshake-admission.h"
#include "engine/index-table.h"
#include "engine/mailbox.h"
#include "engine/padding.h"
#include "engine/udp-sockets.h"
#include "system/descriptor.h"

namespace wgq {

// What precedes every packet of the TUN.
enum class Framing { none, virtio, family_word };

// State shared by the control thread and both packet threads. The control thread publishes pointers; the others read
// them inside epoch sections.
struct Device {
  // `slots`: per direction, passed between threads; 0 without a crypto pool.
  explicit Device(std::function<void()> wake, std::size_t slots = 0)
      : slots_per_queue(slots), epoch(2 + 2 * slots), mailbox(std::move(wake)) {}

  const std::size_t slots_per_queue;
  Epoch epoch;
  Counters counters;
  Mailbox mailbox;
  AllowedIps allowed_ips{epoch};
  IndexTable indices{epoch};
  HandshakeAdmission admission;
  std::atomic<UdpSockets*> sockets{nullptr};
  std::atomic<Identity*> identity{nullptr};
  std::atomic<std::uint32_t> mtu{1420};
  // MTUs of routes through the interface, ascending; 0 ends the list.
  std::array<std::atomic<std::uint32_t>, 8> route_mtus{};
  std::atomic<bool> running{false};
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> staged_bytes{0};

  // Length of a packet after padding. Padding exceeds neither the MTU of the link nor that of any route, because a
  // packet does not show which route it took.
  std::size_t padded(std::size_t length) const {
    const std::size_t padded = padded_length(length, mtu.load(std::memory_order_relaxed));
    for (const auto& route : route_mtus) {
      const std::size_t most = route.load(std::memory_order_relaxed);
      if (most == 0) break;
      if (most >= length) return std::min(padded, most);
    }
    return padded;
  }

  Epoch::Reader& outbound_reader() { return epoch.reader(0); }
  Epoch::Reader& inbound_reader() { return epoch.reader(1); }
  Epoch::Reader& outbound_slot(std::size_t slot) { return epoch.reader(2 + slot); }
  Epoch::Reader& inbound_slot(std::size_t slot) { return epoch.reader(2 + slots_per_queue + slot); }

  Descriptor tun;
  Framing framing = Framing::none;
  bool merge_tcp = false;
  bool merge_udp = false;
};

}  // namespace wgq
