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

// What the control thread and both packet threads share. Pointers are published by the control thread and read inside
// epoch sections.
struct Device {
  explicit Device(std::function<void()> wake) : mailbox(std::move(wake)) {}

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

  Descriptor tun;
  bool vnet_header = false;
  bool merge_tcp = false;
  bool merge_udp = false;
};

}  // namespace wgq
