// SPDX-License-Identifier: MIT
#include "engine/datagram-sender.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "engine/control-messages.h"
#include "napi/error.h"

namespace wgq {
namespace {

// One message to one endpoint: everything sendmsg wants, rebuilt for each call.
struct Outgoing {
  sockaddr_storage address{};
  iovec vector{};
  ControlMessages control;
  msghdr header{};

  Outgoing(const Endpoint& to, const std::uint8_t* data, std::size_t bytes, std::size_t stride, std::uint8_t tos) {
    header.msg_name = &address;
    header.msg_namelen = to_sockaddr(to, address);
    vector = {const_cast<std::uint8_t*>(data), bytes};
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    control.source(to);
    if (tos) control.tos(to.family, tos);
    if (stride < bytes) control.segment(static_cast<std::uint16_t>(stride));
    control.attach(header);
  }
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;
};

// Sends one message; waits a little for room, never long: TUN reading must go on.
int send_message(int fd, const Outgoing& message, Counters& counters) {
  for (int attempt = 0;; attempt++) {
    if (::sendmsg(fd, &message.header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return 0;
    const int error = errno;
    if (error == EINTR) continue;
    const bool congested = error == EAGAIN || error == ENOBUFS || error == ENOMEM;
    if (attempt >= 2 || (!congested && error != ECONNREFUSED)) return error;
    if (congested) {
      count(counters.send_congested);
      pollfd waiting{fd, POLLOUT, 0};
      ::poll(&waiting, 1, 1);
    }
  }
}

// The errors by which a kernel says that our source address does not do (protocol §10).
bool blames_source(int error) {
  return error == EINVAL || error == ENETUNREACH || error == ENODEV || error == EADDRNOTAVAIL || error == EHOSTUNREACH;
}

}  // namespace

int DatagramSender::send(UdpSockets& sockets, Peer& peer, const Train& train) {
  Endpoint to = peer.endpoint.read();
  if (!to.known()) return EDESTADDRREQ;
  UdpSocket& socket = sockets.of_family(to.family);
  if (!socket) return EAFNOSUPPORT;

  auto segments = [&] {
    const std::uint32_t refused = peer.refused_segment.load(std::memory_order_relaxed);
    return train.bytes > train.stride && socket.segmentation.load(std::memory_order_relaxed) &&
           (refused == 0 || train.stride < refused);
  };
  for (;;) {
    const bool segmented = segments();
    const int error = segmented ? send_segmented(socket, to, train) : send_singly(socket, to, train);
    if (error == 0) return 0;
    if (to.source_family != 0 && blames_source(error)) {
      peer.endpoint.clear_source(&to);
      to.clear_source();
      count(counters_.source_forgotten);
    } else if (segmented && error == EMSGSIZE) {
      // A segment larger than the route's MTU; plain datagrams are fragmented instead.
      peer.refused_segment.store(static_cast<std::uint32_t>(train.stride), std::memory_order_relaxed);
      if (counters_.segmentation_refused.fetch_add(1, std::memory_order_relaxed) == 0)
        mailbox_.notice("UDP segmentation refused for a peer, messages of " + std::to_string(train.stride) +
                        " bytes (EMSGSIZE): the path's MTU is smaller; sending them one by one");
    } else if (segmented && (error == EIO || error == EINVAL || error == EOPNOTSUPP)) {
      if (socket.segmentation.exchange(false, std::memory_order_relaxed))
        mailbox_.notice("UDP segmentation switched off for the socket: " + errno_name(error));
      count(counters_.segmentation_refused);
    } else {
      count(counters_.send_errors);
      return error;
    }
  }
}

int DatagramSender::send_segmented(UdpSocket& socket, const Endpoint& to, const Train& train) {
  // The whole train at once, or in parts as large as the kernel takes.
  const std::size_t most = std::min(most_segments, most_train_bytes / train.stride) * train.stride;
  for (std::size_t at = 0; at < train.bytes; at += most) {
    const std::size_t bytes = std::min(most, train.bytes - at);
    const Outgoing message(to, train.data + at, bytes, train.stride, train.tos);
    if (int error = send_message(socket.fd.get(), message, counters_)) return error;
    count(counters_.udp_sends);
  }
  count(counters_.udp_datagrams_out, train.count());
  return 0;
}

int DatagramSender::send_singly(UdpSocket& socket, const Endpoint& to, const Train& train) {
  int first_error = 0;
  for (std::size_t at = 0; at < train.bytes; at += train.stride) {
    const std::size_t bytes = std::min(train.stride, train.bytes - at);
    const Outgoing message(to, train.data + at, bytes, bytes, train.tos);
    const int error = send_message(socket.fd.get(), message, counters_);
    if (error == 0) count(counters_.udp_datagrams_out);
    else if (at == 0 && blames_source(error) && to.source_family != 0) return error;  // all again without the source
    else if (!first_error) first_error = error;
    count(counters_.udp_sends);
  }
  return first_error;
}

int DatagramSender::send_to(UdpSockets& sockets, const Endpoint& to, const std::uint8_t* data, std::size_t length) {
  UdpSocket& socket = sockets.of_family(to.family);
  if (!socket) return EAFNOSUPPORT;
  const Outgoing message(to, data, length, length, 0);
  return send_message(socket.fd.get(), message, counters_);
}

}  // namespace wgq
