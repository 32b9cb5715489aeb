// SPDX-License-Identifier: MIT
#include "engine/received-batch.h"

#include "engine/aead.h"

namespace wgq {

ReceivedBatch::ReceivedBatch(std::size_t datagrams)
    : buffers_(std::make_unique_for_overwrite<std::uint8_t[]>(Aead::lead + datagrams * largest_packet + Aead::slack)),
      headers_(datagrams),
      vectors_(datagrams),
      addresses_(datagrams),
      controls_(datagrams) {}

std::uint8_t* ReceivedBatch::buffer(std::size_t index) { return buffers_.get() + Aead::lead + index * largest_packet; }

int ReceivedBatch::receive(int fd) {
  for (std::size_t i = 0; i < capacity(); i++) {
    vectors_[i] = {buffer(i), largest_packet};
    msghdr& header = headers_[i].msg_hdr;
    header = {};
    header.msg_name = &addresses_[i];
    header.msg_namelen = sizeof addresses_[i];
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
    header.msg_control = controls_[i].bytes;
    header.msg_controllen = sizeof controls_[i].bytes;
  }
  const int got = static_cast<int>(
      ::recvmmsg(fd, headers_.data(), static_cast<unsigned>(capacity()), MSG_DONTWAIT, nullptr));
  count_ = got < 0 ? 0 : static_cast<std::size_t>(got);
  return got;
}

ReceivedDatagram ReceivedBatch::at(std::size_t index) {
  msghdr& header = headers_[index].msg_hdr;
  ReceivedDatagram datagram{buffer(index), static_cast<std::size_t>(headers_[index].msg_len), {}, from_sockaddr(addresses_[index]),
                            (header.msg_flags & MSG_TRUNC) != 0};
  datagram.facts = read_control_messages(header, datagram.from);
  return datagram;
}

}  // namespace wgq
