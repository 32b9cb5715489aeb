// SPDX-License-Identifier: MIT
#include "linux/tun-reattach.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "linux/netns.h"

namespace wgq {
namespace {

// Attempts before giving up: a thread that is leaving the old descriptor may still hold it for a while.
constexpr int most_attempts = 500;
constexpr std::chrono::milliseconds between_attempts{1};

// Opened before the system call filter forbids opening.
Descriptor spare;

Descriptor open_tun() { return Descriptor(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK)); }

ifreq described(int tun_fd) {
  ifreq request{};
  if (::ioctl(tun_fd, TUNGETIFF, &request) < 0) throw_errno("ioctl TUNGETIFF");
  return request;
}

ifreq named(const ifreq& device) {
  ifreq request{};
  std::memcpy(request.ifr_name, device.ifr_name, sizeof request.ifr_name);
  return request;
}

// Raises EXDEV if the device is in another namespace, as far as the kernel reports that (TUNGETDEVNETNS).
void refuse_elsewhere(int tun_fd) {
  Descriptor netns;
  try {
    netns = netns_of_tun(tun_fd);
  } catch (const SystemError&) {
    return;
  }
  struct stat theirs, ours;
  if (::fstat(netns.get(), &theirs) < 0 || ::stat("/proc/self/ns/net", &ours) < 0) throw_errno("stat /proc/self/ns/net");
  if (theirs.st_dev != ours.st_dev || theirs.st_ino != ours.st_ino) throw SystemError{EXDEV, "ioctl TUNGETDEVNETNS"};
}

bool attach(int tun_fd, const ifreq& device) {
  ifreq request = named(device);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  return ::ioctl(tun_fd, TUNSETIFF, &request) == 0;
}

// ip link del
void remove_link(const Descriptor& route, int index) {
  struct {
    nlmsghdr header;
    ifinfomsg link;
  } message{};
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = RTM_DELLINK;
  message.header.nlmsg_flags = NLM_F_REQUEST;
  message.link.ifi_index = index;
  [[maybe_unused]] const ssize_t sent = ::send(route.get(), &message, sizeof message, 0);
}

// Everything needed for the change.
struct Tools {
  Descriptor tun;    // not attached yet
  Descriptor route;  // rtnetlink
  int index;         // of the device
};

// Does all steps that may fail without harm. Raises SystemError.
Tools prepare(int tun_fd, const ifreq& device) {
  refuse_elsewhere(tun_fd);
  Tools tools{spare ? std::move(spare) : open_tun(),
              Descriptor(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)), 0};
  if (!tools.tun) throw_errno("open /dev/net/tun");
  if (!tools.route) throw_errno("socket");
  ifreq request = named(device);
  if (::ioctl(tools.route.get(), SIOCGIFINDEX, &request) < 0) throw_errno("ioctl SIOCGIFINDEX");
  tools.index = request.ifr_ifindex;
  // While it is attached, the device must be busy. Any other result means that attaching would be refused, or that this
  // is another device of the same name.
  if (attach(tools.tun.get(), device)) throw SystemError{ENODEV, "ioctl TUNSETIFF"};
  if (errno != EBUSY) throw_errno("ioctl TUNSETIFF");
  // Without a header the kernel must not send packets that need one.
  if (::ioctl(tun_fd, TUNSETOFFLOAD, 0) < 0) throw_errno("ioctl TUNSETOFFLOAD");
  if (::ioctl(tun_fd, TUNSETPERSIST, 1) < 0) throw_errno("ioctl TUNSETPERSIST");
  return tools;
}

void attach_when_free(int tun_fd, const ifreq& device) {
  for (int attempt = 1; !attach(tun_fd, device); attempt++) {
    if (errno != EBUSY || attempt == most_attempts) throw_errno("ioctl TUNSETIFF");
    std::this_thread::sleep_for(between_attempts);
  }
  // If the device was renamed at this moment, this would be a new one under the old name.
  if (!(described(tun_fd).ifr_flags & IFF_PERSIST)) throw SystemError{ENODEV, "ioctl TUNSETIFF"};
}

}  // namespace

void keep_spare_tun() { spare = open_tun(); }

std::optional<SystemError> reattach_without_header(int tun_fd) {
  ifreq device;
  Tools tools;
  try {
    device = described(tun_fd);
    tools = prepare(tun_fd, device);
  } catch (const SystemError& why) {
    return why;
  }
  const bool was_persistent = device.ifr_flags & IFF_PERSIST;
  try {
    // The number stays valid throughout: dup3 replaces and so closes the old descriptor.
    if (::dup3(tools.tun.get(), tun_fd, O_CLOEXEC) < 0) throw_errno("dup3");
    tools.tun.reset();
    attach_when_free(tun_fd, device);
    if (!was_persistent && ::ioctl(tun_fd, TUNSETPERSIST, 0) < 0) throw_errno("ioctl TUNSETPERSIST");
  } catch (const SystemError&) {
    if (!was_persistent) remove_link(tools.route, tools.index);
    throw;
  }
  return std::nullopt;
}

}  // namespace wgq
