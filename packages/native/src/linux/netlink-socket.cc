// SPDX-License-Identifier: MIT
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <memory>
#include <vector>

#include "linux/netns.h"
#include "modules.h"
#include "system/descriptor.h"
#include "system/message-socket.h"

namespace wgq {
namespace {

// Filters for messages with the attribute RTA_METRICS at the place where a route message has its attributes: very few
// of a router's many changes have it.
void keep_routes_with_metrics(int fd) {
  sock_filter code[]{
      BPF_STMT(BPF_LD | BPF_IMM, NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(rtmsg))),
      BPF_STMT(BPF_LDX | BPF_IMM, RTA_METRICS),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_NLATTR)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, ~0u),
  };
  const sock_fprog program{static_cast<unsigned short>(std::size(code)), code};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0) throw_errno("setsockopt SO_ATTACH_FILTER");
}

class NetlinkSocket : public MessageSocket {
 public:
  NetlinkSocket(int protocol, std::uint32_t groups, int receive_buffer, bool all_namespaces, bool only_metrics)
      : MessageSocket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol)) {
    if (fd() < 0) throw_errno("socket");
    const int on = 1;
    // Older kernels refuse some of these; everything works without them, only with poorer errors.
    for (int option : {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK})
      ::setsockopt(fd(), SOL_NETLINK, option, &on, sizeof on);
    if (all_namespaces) ::setsockopt(fd(), SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof on);
    if (receive_buffer > 0 &&
        ::setsockopt(fd(), SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof receive_buffer) < 0)
      ::setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (only_metrics) keep_routes_with_metrics(fd());
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = groups;
    if (::bind(fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) throw_errno("bind");
    socklen_t length = sizeof address;
    if (::getsockname(fd(), reinterpret_cast<sockaddr*>(&address), &length) < 0) throw_errno("getsockname");
    port_id_ = address.nl_pid;
  }

  std::uint32_t port_id() const { return port_id_; }

  void send(js::Bytes datagram) {
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    for (;;) {
      ssize_t sent = ::sendto(fd(), datagram.data(), datagram.size(), 0, reinterpret_cast<sockaddr*>(&kernel),
                              sizeof kernel);
      if (sent >= 0) return;
      if (errno == EAGAIN) wait(POLLOUT, 1000);
      else if (errno != EINTR) throw_errno("sendto");
    }
  }

  // The next datagram of the kernel; false when there is none now.
  bool receive(std::vector<std::uint8_t>& datagram) {
    for (;;) {
      // MSG_TRUNC returns the true length of a peeked datagram.
      ssize_t length = ::recv(fd(), nullptr, 0, MSG_PEEK | MSG_TRUNC);
      if (length >= 0) {
        datagram.resize(static_cast<std::size_t>(length));
        sockaddr_nl from{};
        socklen_t from_length = sizeof from;
        ssize_t read = ::recvfrom(fd(), datagram.data(), datagram.size(), 0, reinterpret_cast<sockaddr*>(&from),
                                  &from_length);
        if (read < 0) continue;
        if (from.nl_pid != 0) continue;  // trust only the kernel
        datagram.resize(static_cast<std::size_t>(read));
        return true;
      }
      if (errno == EAGAIN) return false;
      if (errno != EINTR) throw_errno("recv");
    }
  }

  bool receive_within(std::vector<std::uint8_t>& datagram, int timeout_ms) {
    return receive(datagram) || (wait(POLLIN, timeout_ms) && receive(datagram));
  }

 private:
  bool wait(short events, int timeout_ms) {
    pollfd waiting{fd(), events, 0};
    return ::poll(&waiting, 1, timeout_ms) > 0;
  }

  std::uint32_t port_id_ = 0;
};

napi_value receive_blocking(js::Call& call) {
  std::vector<std::uint8_t> datagram;
  bool found = call.wrapped<NetlinkSocket>().receive_within(datagram, call[0].i32());
  return found ? js::buffer(call.env, datagram) : nullptr;
}

// openNetlinkSocket({protocol, groups?, receiveBufferBytes?, allNamespaces?, onlyRoutesWithMetrics?, netns?: {path} | {tunFd}})
napi_value open_netlink_socket(js::Call& call) {
  js::Value options = call[0], netns = options.property("netns");
  js::Value groups_option = options.property("groups"), buffer_option = options.property("receiveBufferBytes");
  const int protocol = options.property("protocol").i32();
  const std::uint32_t groups = groups_option.absent() ? 0 : groups_option.u32();
  const int buffer = buffer_option.absent() ? 0 : buffer_option.i32();
  const js::Value all_option = options.property("allNamespaces");
  const bool all_namespaces = !all_option.absent() && all_option.boolean();
  const js::Value metrics_option = options.property("onlyRoutesWithMetrics");
  const bool only_metrics = !metrics_option.absent() && metrics_option.boolean();

  auto open = [&] { return std::make_unique<NetlinkSocket>(protocol, groups, buffer, all_namespaces, only_metrics); };
  auto open_inside = [&](const Descriptor& fd) { return inside_netns(fd, open); };
  std::unique_ptr<NetlinkSocket> socket;
  if (netns.absent()) socket = open();
  else if (js::Value path = netns.property("path"); !path.absent()) socket = open_inside(open_netns(path.string()));
  else socket = open_inside(netns_of_tun(netns.property("tunFd").i32()));

  napi_value made = message_socket<NetlinkSocket>(call.env);
  js::set(call.env, made, "portId", js::number(call.env, socket->port_id()));
  js::define<receive_blocking>(call.env, made, "receiveBlocking");
  return js::wrap(call.env, made, std::move(socket));
}

}  // namespace

void register_netlink_socket(napi_env env, napi_value exports) {
  js::define<open_netlink_socket>(env, exports, "openNetlinkSocket");
}

}  // namespace wgq
