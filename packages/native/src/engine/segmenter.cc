// SPDX-License-Identifier: MIT
#include "engine/segmenter.h"

#include <algorithm>

#include "engine/checksum.h"
#include "engine/ip-packet.h"

namespace wgq {
namespace {

constexpr std::size_t tcp_header = 20, udp_header = 8;
constexpr std::uint8_t tcp_fin = 1, tcp_psh = 8, tcp_cwr = 0x80;

}  // namespace

bool complete_checksum(const VirtioHeader& header, std::uint8_t* packet, std::size_t length) {
  const std::size_t start = header.checksum_start, field = start + header.checksum_offset;
  // The IP header before it was already checked and must not change.
  if (!has_ip_header(packet, length) || start < (ip_version(packet) == 4 ? ip::v4_header : ip::v6_header)) return false;
  if (field + 2 > length) return false;
  // The field already holds the sum of the pseudo-header.
  auto sum = static_cast<std::uint16_t>(~checksum_fold(checksum_add(packet + start, length - start)));
  if (sum == 0 && header.checksum_offset == udp_checksum_offset) sum = 0xffff;  // 0 would mean no checksum
  store(packet + field, sum);
  return true;
}

bool Segmenter::start(const VirtioHeader& header, const std::uint8_t* packet, std::size_t length) {
  if (!has_ip_header(packet, length) || header.gso_size == 0) return false;
  v4_ = ip_version(packet) == 4;
  switch (header.gso_type) {
    case VirtioHeader::tcp_v4:
    case VirtioHeader::tcp_v6:
      tcp_ = true;
      if (v4_ != (header.gso_type == VirtioHeader::tcp_v4)) return false;
      break;
    case VirtioHeader::udp:
      tcp_ = false;
      break;
    default:
      return false;
  }
  transport_ = header.checksum_start;
  if (v4_ ? transport_ != std::size_t{packet[0] & 15u} * 4 || transport_ < ip::v4_header : transport_ < ip::v6_header)
    return false;
  if (v4_ && packet[9] != (tcp_ ? ip::tcp : ip::udp)) return false;
  if (header.checksum_offset != (tcp_ ? tcp_checksum_offset : udp_checksum_offset)) return false;
  if (length < transport_ + (tcp_ ? tcp_header : udp_header)) return false;
  // hdr_len from the device is unreliable: for forwarded packets it is the length of the linear part.
  const std::size_t transport_header = tcp_ ? static_cast<std::size_t>(packet[transport_ + 12] >> 4) * 4 : udp_header;
  header_length_ = transport_ + transport_header;
  if (transport_header < udp_header || (tcp_ && transport_header < tcp_header) || length < header_length_) return false;
  packet_ = packet;
  payload_ = length - header_length_;
  segment_payload_ = header.gso_size;
  if (header_length_ + std::min(segment_payload_, payload_) > 65535) return false;
  count_ = std::max<std::size_t>(1, (payload_ + segment_payload_ - 1) / segment_payload_);
  index_ = 0;
  return true;
}

std::size_t Segmenter::next_length() const {
  if (index_ >= count_) return 0;
  return header_length_ + std::min(segment_payload_, payload_ - index_ * segment_payload_);
}

std::size_t Segmenter::next(std::uint8_t* to) {
  if (index_ >= count_) return 0;
  const std::size_t at = index_ * segment_payload_;
  const std::size_t length = std::min(segment_payload_, payload_ - at);
  const bool first = index_ == 0, last = index_ + 1 == count_;
  std::memcpy(to, packet_, header_length_);
  const std::uint64_t payload_sum = checksum_copy(to + header_length_, packet_ + header_length_ + at, length);

  const std::size_t total = header_length_ + length;
  const std::size_t transport_length = total - transport_;
  if (v4_) {
    store_be(to + 2, static_cast<std::uint16_t>(total));
    store_be(to + 4, static_cast<std::uint16_t>(load_be<std::uint16_t>(packet_ + 4) + index_));
    write_v4_checksum(to, transport_);
  } else {
    store_be(to + 4, static_cast<std::uint16_t>(total - ip::v6_header));
  }

  std::uint8_t* transport = to + transport_;
  std::uint8_t* field = transport + (tcp_ ? tcp_checksum_offset : udp_checksum_offset);
  if (tcp_) {
    store_be(transport + 4, static_cast<std::uint32_t>(load_be<std::uint32_t>(packet_ + transport_ + 4) + at));
    if (!last) transport[13] &= static_cast<std::uint8_t>(~(tcp_fin | tcp_psh));
    if (!first) transport[13] &= static_cast<std::uint8_t>(~tcp_cwr);
  } else {
    store_be(transport + 4, static_cast<std::uint16_t>(transport_length));
  }
  store<std::uint16_t>(field, 0);
  const std::uint64_t sum = payload_sum + checksum_add(transport, header_length_ - transport_) +
                            (v4_ ? checksum_pseudo(to + 12, 8, tcp_ ? ip::tcp : ip::udp, transport_length)
                                 : checksum_pseudo(to + 8, 32, tcp_ ? ip::tcp : ip::udp, transport_length));
  auto checksum = static_cast<std::uint16_t>(~checksum_fold(sum));
  if (checksum == 0 && !tcp_) checksum = 0xffff;
  store(field, checksum);
  index_++;
  return total;
}

}  // namespace wgq
