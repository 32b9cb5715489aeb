// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "engine/allowed-ips.h"
#include "engine/counters.h"
#include "engine/epoch.h"
#include "engine/handshake-gate.h"
#include "engine/index-table.h"
#include "engine/mailbox.h"
#include "engine/udp-sockets.h"
#include "system/descriptor.h"

namespace wgq {

// What stands before every packet of the TUN.
enum class Framing { none, virtio, family_word };

// What the control thread and both packet threads share. Pointers are published by the control thread and read inside
// epoch sections.
struct Device {
  // `slots` of each direction are handed between threads; none without a crypto pool.
  explicit Device(std::function<void()> wake, std::size_t slots = 0)
      : slots_per_lane(slots), epoch(2 + 2 * slots), mailbox(std::move(wake)) {}

  const std::size_t slots_per_lane;
  Epoch epoch;
  Counters counters;
  Mailbox mailbox;
  AllowedIps allowed_ips{epoch};
  IndexTable indices{epoch};
  HandshakeGate gate;
  std::atomic<UdpSockets*> sockets{nullptr};
  std::atomic<Identity*> identity{nullptr};
  std::atomic<std::uint32_t> mtu{1420};
  std::atomic<bool> running{false};
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> staged_bytes{0};

  Epoch::Reader& outbound_reader() { return epoch.reader(0); }
  Epoch::Reader& inbound_reader() { return epoch.reader(1); }
  Epoch::Reader& outbound_slot(std::size_t slot) { return epoch.reader(2 + slot); }
  Epoch::Reader& inbound_slot(std::size_t slot) { return epoch.reader(2 + slots_per_lane + slot); }

  Descriptor tun;
  Framing framing = Framing::none;
  bool merge_tcp = false;
  bool merge_udp = false;
};

}  // namespace wgq
