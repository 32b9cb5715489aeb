// SPDX-License-Identifier: MIT
#include "engine/tun-writer.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "engine/bytes.h"
#include "engine/checksum.h"
#include "engine/ip-packet.h"
#include "engine/platform.h"
#include "napi/error.h"

namespace wgq {
namespace {

constexpr std::uint8_t tcp_ack = 0x10, tcp_psh = 0x08;
constexpr std::size_t most_merged_bytes = 65535;
constexpr std::size_t most_merged_packets = 128;  // well below UIO_MAXIOV
constexpr unsigned most_refusals = 3;
// A kernel does not refuse a packet with a checked IP header for its content; a second refusal excludes chance.
constexpr unsigned most_refused_alone = 2;
constinit VirtioHeader plain{};

bool same(const std::uint8_t* a, const std::uint8_t* b, std::size_t from, std::size_t to) {
  return std::memcmp(a + from, b + from, to - from) == 0;
}

bool checksum_valid(const std::uint8_t* packet, std::size_t length, bool v4, std::size_t transport, bool tcp) {
  const std::size_t rest = length - transport;
  const std::uint8_t protocol = tcp ? ip::tcp : ip::udp;
  const std::uint64_t pseudo =
      v4 ? checksum_pseudo(packet + 12, 8, protocol, rest) : checksum_pseudo(packet + 8, 32, protocol, rest);
  return checksum_fold(pseudo + checksum_add(packet + transport, rest)) == 0xffff;
}

}  // namespace

TunWriter::Layout TunWriter::examine(const std::uint8_t* packet, std::size_t length) const {
  Layout layout;
  layout.v4 = ip_version(packet) == 4;
  std::uint8_t protocol;
  if (layout.v4) {
    // No options, no fragments.
    if (packet[0] != 0x45 || (load_be<std::uint16_t>(packet + 6) & 0x3fff) != 0) return layout;
    if (load_be<std::uint16_t>(packet + 2) != length) return layout;
    protocol = packet[9];
    layout.transport = ip::v4_header;
  } else {
    if (std::size_t{load_be<std::uint16_t>(packet + 4)} + ip::v6_header != length) return layout;
    protocol = packet[6];
    layout.transport = ip::v6_header;
  }
  const std::uint8_t* transport = packet + layout.transport;
  layout.udp = protocol == ip::udp;
  if (protocol == ip::tcp && device_.merge_tcp) {
    if (length < layout.transport + 20) return layout;
    layout.tcp = true;
    const std::size_t header = static_cast<std::size_t>(transport[12] >> 4) * 4;
    layout.header = layout.transport + header;
    if (header < 20 || layout.header >= length) return layout;
    const std::uint8_t flags = transport[13];
    if ((transport[12] & 0x0f) != 0 || (flags != tcp_ack && flags != (tcp_ack | tcp_psh))) return layout;
    layout.push = flags & tcp_psh;
    layout.sequence = load_be<std::uint32_t>(transport + 4);
  } else if (layout.udp && device_.merge_udp) {
    layout.header = layout.transport + 8;
    if (layout.header >= length) return layout;
    if (load_be<std::uint16_t>(transport + 4) != length - layout.transport) return layout;
    if (load<std::uint16_t>(transport + 6) == 0) return layout;
  } else {
    return layout;
  }
  layout.payload = length - layout.header;
  layout.candidate = true;
  return layout;
}

bool TunWriter::merge(Item& item, const Layout& layout, std::uint8_t* packet, std::size_t length) {
  const Layout& first = item.layout;
  auto* head = static_cast<std::uint8_t*>(item.parts[1].iov_base);
  if (first.v4 != layout.v4 || first.tcp != layout.tcp) return false;
  const std::size_t t = layout.transport;
  // Addresses and ports follow each other.
  if (!same(head, packet, layout.v4 ? 12 : 8, t + 4)) return false;
  // The same flow: from here on, either the packet is appended or the item ends.
  auto end = [&] {
    item.open = false;
    return false;
  };
  // Traffic class, DF, hop limit, flow label and options must match: differences would be lost.
  const bool same_ip = layout.v4 ? head[1] == packet[1] && same(head, packet, 6, 9)
                                 : same(head, packet, 0, 4) && head[7] == packet[7];
  if (!same_ip || first.header != layout.header) return end();
  // Likewise acknowledgement, header length, window and options.
  if (layout.tcp && (item.next_sequence != layout.sequence || !same(head, packet, t + 8, t + 13) ||
                     !same(head, packet, t + 14, t + 16) || !same(head, packet, t + 20, layout.header)))
    return end();
  const std::size_t most_packets = layout.tcp ? most_merged_packets : most_segments;
  if (layout.payload > first.payload || item.length + layout.payload > most_merged_bytes ||
      item.packets.size() >= most_packets)
    return end();
  if (!item.verified) {
    if (!checksum_valid(head, item.packets[0].iov_len, layout.v4, t, layout.tcp)) return end();
    item.verified = true;
  }
  if (!checksum_valid(packet, length, layout.v4, t, layout.tcp)) return end();
  item.parts.push_back({packet + layout.header, layout.payload});
  item.packets.push_back({packet, length});
  item.length += layout.payload;
  item.next_sequence += static_cast<std::uint32_t>(layout.payload);
  item.push = layout.push;
  if (layout.push || layout.payload < first.payload) item.open = false;
  return true;
}

void TunWriter::add(std::uint8_t* packet, std::size_t length) {
  taken_packets_++;
  const Layout layout = examine(packet, length);
  if (layout.udp) datagrams_++;
  if (layout.candidate) {
    const std::size_t oldest = used_ > most_open ? used_ - most_open : 0;
    for (std::size_t i = used_; i > oldest; i--) {
      Item& item = items_[i - 1];
      if (!item.open) continue;
      if (merge(item, layout, packet, length)) {
        merged_packets_++;
        return;
      }
      if (!item.open) break;  // the same flow, but the packet cannot be appended
    }
  } else {
    for (std::size_t i = 0; i < used_; i++) items_[i].open = false;  // no packet may overtake it
  }
  if (used_ == most_items) flush();
  if (used_ == items_.size()) items_.emplace_back();
  Item& item = items_[used_++];
  item.layout = layout;
  item.length = length;
  item.next_sequence = layout.sequence + static_cast<std::uint32_t>(layout.payload);
  item.open = layout.candidate && !layout.push;
  item.verified = false;
  item.push = layout.push;
  item.parts.clear();
  item.packets.clear();
  item.parts.push_back({&plain, sizeof plain});
  item.parts.push_back({packet, length});
  item.packets.push_back({packet, length});
}

// Rewrites the headers of a merged item as those of a super-packet.
void TunWriter::finish(Item& item) {
  const Layout& layout = item.layout;
  auto* head = static_cast<std::uint8_t*>(item.parts[1].iov_base);
  std::memcpy(item.saved.data(), head, layout.header);
  const std::size_t transport_length = item.length - layout.transport;
  std::uint8_t* transport = head + layout.transport;
  if (layout.v4) {
    store_be(head + 2, static_cast<std::uint16_t>(item.length));
    write_v4_checksum(head, layout.transport);
  } else {
    store_be(head + 4, static_cast<std::uint16_t>(item.length - ip::v6_header));
  }
  if (layout.tcp && item.push) transport[13] |= tcp_psh;
  if (!layout.tcp) store_be(transport + 4, static_cast<std::uint16_t>(transport_length));
  const std::uint8_t protocol = layout.tcp ? ip::tcp : ip::udp;
  const std::uint64_t pseudo = layout.v4 ? checksum_pseudo(head + 12, 8, protocol, transport_length)
                                         : checksum_pseudo(head + 8, 32, protocol, transport_length);
  const std::size_t field = layout.tcp ? tcp_checksum_offset : udp_checksum_offset;
  store(transport + field, checksum_fold(pseudo));
  item.header.flags = VirtioHeader::needs_checksum;
  item.header.gso_type = !layout.tcp ? VirtioHeader::udp : layout.v4 ? VirtioHeader::tcp_v4 : VirtioHeader::tcp_v6;
  item.header.header_length = static_cast<std::uint16_t>(layout.header);
  item.header.gso_size = static_cast<std::uint16_t>(layout.payload);
  item.header.checksum_start = static_cast<std::uint16_t>(layout.transport);
  item.header.checksum_offset = static_cast<std::uint16_t>(field);
  item.parts[0] = {&item.header, sizeof item.header};
}

bool TunWriter::write(std::span<iovec> parts) {
  std::uint32_t word;
  if (device_.framing == Framing::none) {
    parts = parts.subspan(1);
  } else if (device_.framing == Framing::family_word) {
    word = platform::family_word(ip_version(static_cast<const std::uint8_t*>(parts[1].iov_base)) == 4);
    parts[0] = {&word, sizeof word};
  }
  ssize_t written;
  do written = ::writev(device_.tun.get(), parts.data(), static_cast<int>(parts.size()));
  while (written < 0 && errno == EINTR);
  count(device_.counters.tun_writes);
  return written >= 0;
}

bool TunWriter::write_constituents(Item& item) {
  std::memcpy(item.packets[0].iov_base, item.saved.data(), item.layout.header);
  bool alive = true;
  for (const iovec& packet : item.packets)
    alive = write_alone(static_cast<const std::uint8_t*>(packet.iov_base), packet.iov_len) && alive;
  return alive;
}

bool TunWriter::write_alone(const std::uint8_t* packet, std::size_t length) {
  iovec parts[]{{&plain, sizeof plain}, {const_cast<std::uint8_t*>(packet), length}};
  if (write(parts)) return taken_ = true;
  const int error = errno;
  count(device_.counters.tun_write_errors);
  // Some vendor kernels accept IFF_VNET_HDR and then reject every packet with EINVAL (data-plane §2.4).
  if (error == EINVAL && device_.framing == Framing::virtio && !taken_ && ++refused_alone_ == most_refused_alone)
    device_.mailbox.header_refused();
  return !platform::means_gone(error);
}

bool TunWriter::write_item(Item& item) {
  if (item.packets.size() == 1)
    return write_alone(static_cast<const std::uint8_t*>(item.packets[0].iov_base), item.packets[0].iov_len);
  finish(item);
  if (write(item.parts)) return taken_ = true;
  if (errno == EINVAL) {
    // Some kernels (6.6.44 and its siblings) refuse valid packets: write each alone, and stop merging if that repeats.
    count(device_.counters.tun_merge_refused);
    bool& merging = item.layout.tcp ? device_.merge_tcp : device_.merge_udp;
    if (taken_ && ++refused_ >= most_refusals && merging) {
      merging = false;
      device_.mailbox.notice(std::string("Merging of ") + (item.layout.tcp ? "TCP" : "UDP") +
                             " packets for the TUN switched off: the kernel refuses them (EINVAL)");
    }
    return write_constituents(item);
  }
  const int error = errno;
  count(device_.counters.tun_write_errors);
  return !platform::means_gone(error);
}

bool TunWriter::flush() {
  bool alive = true;
  for (std::size_t i = 0; i < used_ && alive; i++) alive = write_item(items_[i]);
  used_ = datagrams_ = 0;
  count(device_.counters.tun_packets_out, std::exchange(taken_packets_, 0));
  count(device_.counters.tun_merged, std::exchange(merged_packets_, 0));
  return alive;
}

std::vector<TunWriter::Written> TunWriter::preview() {
  std::vector<Written> all;
  for (std::size_t i = 0; i < used_; i++) {
    Item& item = items_[i];
    Written written{};
    if (item.packets.size() > 1) {
      finish(item);
      written.header = item.header;
    }
    for (std::size_t part = 1; part < item.parts.size(); part++) {
      const auto* bytes = static_cast<const std::uint8_t*>(item.parts[part].iov_base);
      written.bytes.insert(written.bytes.end(), bytes, bytes + item.parts[part].iov_len);
    }
    all.push_back(std::move(written));
  }
  used_ = 0;
  return all;
}

}  // namespace wgq
