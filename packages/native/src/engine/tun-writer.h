// SPDX-License-Identifier: MIT
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/device.h"
#include "engine/virtio.h"

namespace wgq {

// Writes packets to the TUN. Successive packets of a flow are merged into super-packets under the conditions of
// data-plane §2.3, by gathering, without a copy: the packets must stay in place until `flush`. If the kernel refuses
// a super-packet, its packets are written singly.
class TunWriter {
 public:
  explicit TunWriter(Device& device) : device_(device) {}

  // Adds one packet; its headers may be modified until `flush` is done.
  void add(std::uint8_t* packet, std::size_t length);
  // Writes all added packets. False when the device is gone.
  bool flush();
  // Number of UDP datagrams added and not yet written.
  std::size_t datagrams() const { return datagrams_; }
  // Writes one packet at once.
  bool write_alone(const std::uint8_t* packet, std::size_t length);

  // For tests: the packets added and not yet written, as they would be written.
  struct Written {
    VirtioHeader header;
    std::vector<std::uint8_t> bytes;
  };
  std::vector<Written> preview();

 private:
  // Offsets and lengths in a packet that may be merged.
  struct Layout {
    bool candidate = false;
    bool v4 = false;
    bool tcp = false;
    bool udp = false;
    std::size_t transport = 0;
    std::size_t header = 0;  // IP and transport
    std::size_t payload = 0;
    std::uint32_t sequence = 0;
    bool push = false;
  };

  // One write: a packet and the payloads appended to it.
  struct Item {
    Layout layout;
    std::size_t length = 0;   // IP length with everything appended
    std::uint32_t next_sequence = 0;
    bool open = false;        // more may be appended
    bool verified = false;    // its own checksum was checked
    bool push = false;
    std::vector<iovec> parts;  // [0] header before a packet, [1] the first packet
    std::vector<iovec> packets;  // the constituents, whole
    VirtioHeader header;
    std::array<std::uint8_t, 120> saved;  // original headers of the first packet
  };

  static constexpr std::size_t most_items = 128;
  static constexpr std::size_t most_open = 8;  // flows searched for a match

  Layout examine(const std::uint8_t* packet, std::size_t length) const;
  bool merge(Item& item, const Layout& layout, std::uint8_t* packet, std::size_t length);
  void finish(Item& item);
  bool write_item(Item& item);
  bool write_constituents(Item& item);
  bool write(std::span<iovec> parts);

  Device& device_;
  std::vector<Item> items_;
  std::size_t used_ = 0;
  std::size_t taken_packets_ = 0, merged_packets_ = 0, datagrams_ = 0;  // since the last flush
  unsigned refused_ = 0;        // merged writes
  unsigned refused_alone_ = 0;  // before the kernel ever accepted one
  bool taken_ = false;
};

}  // namespace wgq
