// SPDX-License-Identifier: MIT
#include "engine/datagram-sender.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "engine/control-messages.h"
#include "napi/error.h"

namespace wgq {
namespace {

constexpr int send_flags = MSG_DONTWAIT | MSG_NOSIGNAL;

// Destination and ancillary data, which all messages of one call share.
struct Outgoing {
  sockaddr_storage address;
  ControlMessages control;
  msghdr header{};

  Outgoing(const Endpoint& to, std::uint8_t tos, std::uint8_t hop_limit = 0, std::size_t segment = 0) {
    header.msg_name = &address;
    header.msg_namelen = to_sockaddr(to, address);
    header.msg_iovlen = 1;
    control.source(to);
    if (tos) control.tos(to.family, tos);
    if (hop_limit) control.hop_limit(to.family, hop_limit);
    if (segment) control.segment(static_cast<std::uint16_t>(segment));
    control.attach(header);
  }
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  // The message with this content.
  msghdr with(iovec& content) const {
    msghdr message = header;
    message.msg_iov = &content;
    return message;
  }
};

iovec content_of(const std::uint8_t* data, std::size_t bytes) { return {const_cast<std::uint8_t*>(data), bytes}; }

// Whether to retry a failed call. Waits a little for room in the socket, never long: reading from the TUN must go on.
bool try_again(int fd, int error, int& attempts, Counters& counters) {
  if (error == EINTR) return true;
  const bool congested = error == EAGAIN || error == ENOBUFS || error == ENOMEM;
  if (attempts++ >= 2 || (!congested && error != ECONNREFUSED)) return false;
  if (congested) {
    count(counters.send_congested);
    pollfd waiting{fd, POLLOUT, 0};
    ::poll(&waiting, 1, 1);
  }
  return true;
}

int send_message(int fd, const msghdr& message, Counters& counters) {
  for (int attempts = 0;;) {
    if (::sendmsg(fd, &message, send_flags) >= 0) return 0;
    const int error = errno;
    if (!try_again(fd, error, attempts, counters)) return error;
  }
}

// Whether a kernel gives this error for an unusable source address (protocol §10).
bool blames_source(int error) {
  return error == EINVAL || error == ENETUNREACH || error == ENODEV || error == EADDRNOTAVAIL || error == EHOSTUNREACH;
}

}  // namespace

int DatagramSender::send(UdpSockets& sockets, Peer& peer, const Batch& batch) {
  Endpoint to = peer.endpoint.read();
  if (!to.known()) return EDESTADDRREQ;
  UdpSocket& socket = sockets.of_family(to.family);
  if (!socket) return EAFNOSUPPORT;

  int suspected = 0;  // why the batch is sent again as single datagrams
  auto segments = [&] {
    const std::uint32_t refused = peer.refused_segment.load(std::memory_order_relaxed);
    return suspected == 0 && batch.bytes > batch.stride && socket.segmentation.load(std::memory_order_relaxed) &&
           (refused == 0 || batch.stride < refused);
  };
  for (;;) {
    const bool segmented = segments();
    const int error = segmented ? send_segmented(socket, to, batch) : send_singly(socket, to, batch);
    if (error == 0) {
      if (suspected != 0) refuse_segments(peer, batch, suspected);
      return 0;
    }
    if (segmented && (error == EMSGSIZE || error == EINVAL)) {
      // A segment may exceed the route's MTU, for which kernels before 6.14 return EINVAL; plain datagrams are
      // fragmented instead. Sending those shows whether it was that or the source.
      suspected = error;
    } else if (to.source_family != 0 && blames_source(error)) {
      suspected = 0;
      peer.endpoint.clear_source(&to);
      to.clear_source();
      count(counters_.source_forgotten);
    } else if (segmented && (error == EIO || error == EOPNOTSUPP)) {
      if (socket.segmentation.exchange(false, std::memory_order_relaxed))
        mailbox_.notice("UDP segmentation switched off for the socket: " + errno_name(error));
      count(counters_.segmentation_refused);
    } else {
      count(counters_.send_errors);
      return error;
    }
  }
}

void DatagramSender::refuse_segments(Peer& peer, const Batch& batch, int error) {
  peer.refused_segment.store(static_cast<std::uint32_t>(batch.stride), std::memory_order_relaxed);
  if (counters_.segmentation_refused.fetch_add(1, std::memory_order_relaxed) == 0)
    mailbox_.notice("UDP segmentation refused for a peer, messages of " + std::to_string(batch.stride) + " bytes (" +
                    errno_name(error) + "): the path's MTU is smaller; sending them one by one");
}

int DatagramSender::send_segmented(UdpSocket& socket, const Endpoint& to, const Batch& batch) {
  // Sends the whole batch at once, or in parts as large as the kernel accepts.
  const std::size_t most = std::min(most_segments, most_batch_bytes / batch.stride) * batch.stride;
  for (std::size_t at = 0; at < batch.bytes; at += most) {
    const std::size_t bytes = std::min(most, batch.bytes - at);
    const Outgoing outgoing(to, batch.tos, batch.hop_limit, bytes > batch.stride ? batch.stride : 0);
    iovec content = content_of(batch.data + at, bytes);
    if (int error = send_message(socket.fd.get(), outgoing.with(content), counters_)) return error;
    count(counters_.udp_sends);
  }
  count(counters_.udp_datagrams_out, batch.count());
  return 0;
}

int DatagramSender::send_singly(UdpSocket& socket, const Endpoint& to, const Batch& batch) {
  const int fd = socket.fd.get();
  const Outgoing outgoing(to, batch.tos, batch.hop_limit);
  std::array<iovec, most_segments> contents;
  std::array<mmsghdr, most_segments> messages;
  int first_error = 0, attempts = 0;
  for (std::size_t at = 0; at < batch.bytes;) {
    // Rebuilt for each call: the kernel writes into it.
    unsigned built = 0;
    for (std::size_t from = at; from < batch.bytes && built < messages.size(); from += batch.stride, built++) {
      contents[built] = content_of(batch.data + from, std::min(batch.stride, batch.bytes - from));
      messages[built].msg_hdr = outgoing.with(contents[built]);
    }
    const int sent = static_cast<int>(::sendmmsg(fd, messages.data(), built, send_flags));
    const int error = sent < 0 ? errno : 0;
    count(counters_.udp_sends);
    if (sent > 0) {
      count(counters_.udp_datagrams_out, static_cast<std::uint64_t>(sent));
      at += static_cast<std::size_t>(sent) * batch.stride;
      attempts = 0;
    } else if (!try_again(fd, error, attempts, counters_)) {
      if (at == 0 && blames_source(error) && to.source_family != 0) return error;  // send all again without the source
      if (!first_error) first_error = error;
      // The error belongs to the first message of the call: only that one is dropped.
      at += batch.stride;
      attempts = 0;
    }
  }
  return first_error;
}

int DatagramSender::send_to(UdpSockets& sockets, const Endpoint& to, const std::uint8_t* data, std::size_t length) {
  UdpSocket& socket = sockets.of_family(to.family);
  if (!socket) return EAFNOSUPPORT;
  const Outgoing outgoing(to, 0);
  iovec content = content_of(data, length);
  return send_message(socket.fd.get(), outgoing.with(content), counters_);
}

}  // namespace wgq
