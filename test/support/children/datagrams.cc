// SPDX-License-Identifier: MIT
// Sends and receives datagrams in ways that Node cannot: with UDP_SEGMENT, UDP_GRO and many per system call.
//
//   datagrams receive ADDRESS plain|gro TRAINS     prints the port, then its report; checks length, bytes and order
//   datagrams send ADDRESS PORT UNDERWAY TRAINS    sends them; no more than UNDERWAY at a time are not acknowledged
//   datagrams sink ADDRESS4 ADDRESS6               prints the ports; on SIGTERM, after silence, the counts of each flow
//   datagrams flood ADDRESS4 PORT4 ADDRESS6 PORT6 FLOWS COUNT SEED
//
// TRAINS is HOW:SIZE:COUNT:TAIL joined by commas; HOW is `segment` (one send with UDP_SEGMENT) or `burst` (sendmmsg),
// TAIL the size of a last, shorter datagram, 0 for none. Reports are one line of JSON.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace {

constexpr int most_datagrams = 1 << 20, most_bytes = 1 << 17, most_batches = 1 << 14;

[[noreturn]] void fail(const char* what) {
  perror(what);
  exit(1);
}

struct Address {
  sockaddr_storage storage{};
  socklen_t length;
  Address(const char* text, int port) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    if (strchr(text, ':')) {
      v6->sin6_family = AF_INET6;
      v6->sin6_port = htons(static_cast<uint16_t>(port));
      length = sizeof *v6;
      if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1) fail(text);
    } else {
      v4->sin_family = AF_INET;
      v4->sin_port = htons(static_cast<uint16_t>(port));
      length = sizeof *v4;
      if (inet_pton(AF_INET, text, &v4->sin_addr) != 1) fail(text);
    }
  }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

int make_socket(Address& address, bool bound) {
  const int fd = socket(address.storage.ss_family, SOCK_DGRAM, 0), bytes = 8 << 20;
  if (fd < 0) fail("socket");
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
  if (bound ? bind(fd, address.get(), address.length) : connect(fd, address.get(), address.length)) fail("address");
  return fd;
}

int port_of(int fd) {
  sockaddr_in6 own{};
  socklen_t length = sizeof own;
  getsockname(fd, reinterpret_cast<sockaddr*>(&own), &length);
  return ntohs(own.sin6_port);
}

// Byte `i` of datagram `n` of a flow; it differs from its neighbours in both `i` and `n`.
uint8_t byte_of(uint32_t n, uint32_t i) {
  const uint32_t x = n * 2654435761u + i * 40503u + 12345u;
  return static_cast<uint8_t>(x >> 11 ^ x >> 3);
}

void fill(uint8_t* to, uint32_t n, uint32_t from, uint32_t length) {
  for (uint32_t i = from; i < length; i++) to[i] = byte_of(n, i);
}

bool filled(const uint8_t* data, uint32_t n, uint32_t from, uint32_t length) {
  for (uint32_t i = from; i < length; i++)
    if (data[i] != byte_of(n, i)) return false;
  return true;
}

struct Batch {
  bool segment;
  uint32_t size, count, tail;
};
Batch batches[most_batches];
uint32_t batch_count, lengths[most_datagrams], total;

void read_batches(char* text) {
  for (char* one = strtok(text, ","); one; one = strtok(nullptr, ",")) {
    char how[16];
    Batch batch{};
    if (sscanf(one, "%15[a-z]:%u:%u:%u", how, &batch.size, &batch.count, &batch.tail) != 4) fail("batch");
    batch.segment = strcmp(how, "segment") == 0;
    batches[batch_count++] = batch;
    for (uint32_t i = 0; i < batch.count; i++) lengths[total++] = batch.size;
    if (batch.tail) lengths[total++] = batch.tail;
  }
}

uint32_t received, wrong, disorder, missing, expected, coalesced;
char first_fault[160];

// Expects the next datagram of the plan; otherwise it was overtaken, came late, or was never sent.
void check(const uint8_t* data, uint32_t length) {
  received++;
  if (expected < total && lengths[expected] == length && filled(data, expected, 0, length)) {
    expected++;
    return;
  }
  if (!first_fault[0])
    snprintf(first_fault, sizeof first_fault, "instead of datagram %u of %u bytes one of %u came", expected,
             expected < total ? lengths[expected] : 0, length);
  for (uint32_t n = expected + 1; n < total && n < expected + 512; n++)
    if (lengths[n] == length && filled(data, n, 0, length)) {
      missing += n - expected;
      expected = n + 1;
      return;
    }
  for (uint32_t n = expected; n-- > 0 && n + 512 > expected;)
    if (lengths[n] == length && filled(data, n, 0, length)) {
      disorder++;
      return;
    }
  wrong++;
}

uint8_t buffer[most_bytes];

int receive(const char* text, bool gro) {
  Address address(text, 0);
  const int fd = make_socket(address, true), on = 1;
  if (gro && setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on)) fail("UDP_GRO");
  printf("%d\n", port_of(fd));
  fflush(stdout);
  for (;;) {
    sockaddr_storage from;
    alignas(cmsghdr) char control[64];
    iovec vector{buffer, sizeof buffer};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = recvmsg(fd, &message, 0);
    if (got < 0) fail("recvmsg");
    if (got == 0) break;
    int size = static_cast<int>(got);
    for (cmsghdr* one = CMSG_FIRSTHDR(&message); one; one = CMSG_NXTHDR(&message, one))
      if (one->cmsg_level == SOL_UDP && one->cmsg_type == UDP_GRO) memcpy(&size, CMSG_DATA(one), sizeof size);
    if (size < got) coalesced++;
    for (int at = 0; at < got; at += size) check(buffer + at, static_cast<uint32_t>(got - at < size ? got - at : size));
    sendto(fd, &expected, sizeof expected, 0, reinterpret_cast<sockaddr*>(&from), message.msg_namelen);
  }
  printf("{\"received\":%u,\"wrong\":%u,\"disorder\":%u,\"missing\":%u,\"coalesced\":%u,\"firstFault\":\"%s\"}\n",
         received, wrong, disorder, missing + (total - expected), coalesced, first_fault);
  return 0;
}

uint32_t acknowledged;

// Reads acknowledgements until at least `least` have arrived; false if none arrives for two seconds.
bool await(int fd, uint32_t least) {
  while (acknowledged < least) {
    pollfd waiting{fd, POLLIN, 0};
    if (poll(&waiting, 1, 2000) == 0) return false;
    uint32_t said;
    if (recv(fd, &said, sizeof said, MSG_DONTWAIT) == sizeof said && said > acknowledged) acknowledged = said;
  }
  return true;
}

void send_segmented(int fd, uint32_t bytes, uint32_t size) {
  iovec vector{buffer, bytes};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(uint16_t))]{};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* one = CMSG_FIRSTHDR(&message);
  one->cmsg_level = SOL_UDP;
  one->cmsg_type = UDP_SEGMENT;
  one->cmsg_len = CMSG_LEN(sizeof(uint16_t));
  const auto segment = static_cast<uint16_t>(size);
  memcpy(CMSG_DATA(one), &segment, sizeof segment);
  if (sendmsg(fd, &message, 0) != static_cast<ssize_t>(bytes)) fail("sendmsg with UDP_SEGMENT");
}

constexpr uint32_t most_burst = 64;

void send_burst(int fd, uint8_t* const* starts, const uint32_t* sizes, uint32_t count) {
  iovec vectors[most_burst];
  mmsghdr messages[most_burst]{};
  for (uint32_t i = 0; i < count; i++) {
    vectors[i] = {starts[i], sizes[i]};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (uint32_t at = 0; at < count;) {
    const int sent = sendmmsg(fd, messages + at, count - at, 0);
    if (sent < 0 && errno != ENOBUFS && errno != ECONNREFUSED) fail("sendmmsg");
    at += sent > 0 ? static_cast<uint32_t>(sent) : 1;
  }
}

int send_batches(const char* text, int port, uint32_t most_underway) {
  Address address(text, port);
  const int fd = make_socket(address, false);
  uint32_t index = 0;
  for (uint32_t t = 0; t < batch_count; t++) {
    const Batch& batch = batches[t];
    const uint32_t count = batch.count + (batch.tail ? 1 : 0);
    uint8_t* starts[most_burst];
    uint32_t bytes = 0;
    if (count > most_burst) fail("a batch too long");
    for (uint32_t i = 0; i < count; i++) {
      starts[i] = buffer + bytes;
      fill(starts[i], index + i, 0, lengths[index + i]);
      bytes += lengths[index + i];
    }
    if (index + count > most_underway && !await(fd, index + count - most_underway)) break;
    if (batch.segment) send_segmented(fd, bytes, batch.size);
    else send_burst(fd, starts, lengths + index, count);
    index += count;
  }
  const bool whole = await(fd, index);
  send(fd, buffer, 0, 0);
  printf("{\"sent\":%u,\"acknowledged\":%s}\n", index, whole && index == total ? "true" : "false");
  return 0;
}

constexpr uint32_t most_flows = 64, flood_header = 8, largest_flooded = 1372;
volatile sig_atomic_t ending;

int sink(const char* v4, const char* v6) {
  Address addresses[2]{{v4, 0}, {v6, 0}};
  pollfd waiting[2]{};
  for (int i = 0; i < 2; i++) waiting[i] = {make_socket(addresses[i], true), POLLIN, 0};
  signal(SIGTERM, [](int) { ending = 1; });
  printf("%d %d\n", port_of(waiting[0].fd), port_of(waiting[1].fd));
  fflush(stdout);
  uint32_t counts[most_flows]{}, next[most_flows]{};
  for (;;) {
    const int ready = poll(waiting, 2, ending ? 500 : 100);
    if (ready < 0 && errno != EINTR) fail("poll");
    if (ready == 0 && ending) break;
    for (auto& one : waiting) {
      ssize_t got;
      for (int i = 0; i < 256 && (got = recv(one.fd, buffer, sizeof buffer, MSG_DONTWAIT)) >= 0; i++) {
        uint32_t flow = most_flows, number = 0;
        if (got >= flood_header) memcpy(&flow, buffer, 4), memcpy(&number, buffer + 4, 4);
        if (flow >= most_flows || !filled(buffer, number ^ flow << 24, flood_header, static_cast<uint32_t>(got))) {
          wrong++;
          continue;
        }
        counts[flow]++;
        if (number < next[flow]) disorder++;
        else next[flow] = number + 1;
      }
    }
  }
  printf("{\"wrong\":%u,\"disorder\":%u,\"flows\":[", wrong, disorder);
  uint32_t flows = most_flows;
  while (flows > 0 && counts[flows - 1] == 0) flows--;
  for (uint32_t i = 0; i < flows; i++) printf("%s%u", i ? "," : "", counts[i]);
  printf("]}\n");
  return 0;
}

int flood(char** arguments) {
  Address v4(arguments[0], atoi(arguments[1])), v6(arguments[2], atoi(arguments[3]));
  const auto flows = static_cast<uint32_t>(atoi(arguments[4])), count = static_cast<uint32_t>(atoi(arguments[5]));
  auto state = static_cast<uint32_t>(strtoul(arguments[6], nullptr, 10)) | 1;
  auto random = [&](uint32_t below) {
    state ^= state << 13, state ^= state >> 17, state ^= state << 5;  // xorshift32
    return state % below;
  };
  if (flows > most_flows) fail("flows");
  int sockets[most_flows];
  uint32_t numbers[most_flows]{};
  for (uint32_t i = 0; i < flows; i++) sockets[i] = make_socket(i % 2 ? v6 : v4, false);
  for (uint32_t sent = 0; sent < count;) {
    // Most bursts have datagrams of one size, which may be merged on the way; the others have any sizes.
    const uint32_t flow = random(flows), burst = 1 + random(32),
                   same = flood_header + random(largest_flooded - flood_header);
    const bool mixed = random(4) == 0;
    uint8_t* starts[most_burst];
    uint32_t sizes[most_burst], at = 0;
    for (uint32_t i = 0; i < burst; i++, at += largest_flooded) {
      starts[i] = buffer + at;
      sizes[i] = mixed ? flood_header + random(largest_flooded - flood_header) : same;
      const uint32_t number = numbers[flow]++;
      memcpy(starts[i], &flow, 4);
      memcpy(starts[i] + 4, &number, 4);
      fill(starts[i], number ^ flow << 24, flood_header, sizes[i]);
    }
    send_burst(sockets[flow], starts, sizes, burst);
    sent += burst;
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  const char* role = count > 1 ? arguments[1] : "";
  if (count == 5 && strcmp(role, "receive") == 0) {
    read_batches(arguments[4]);
    return receive(arguments[2], strcmp(arguments[3], "gro") == 0);
  }
  if (count == 6 && strcmp(role, "send") == 0) {
    read_batches(arguments[5]);
    return send_batches(arguments[2], atoi(arguments[3]), static_cast<uint32_t>(atoi(arguments[4])));
  }
  if (count == 4 && strcmp(role, "sink") == 0) return sink(arguments[2], arguments[3]);
  if (count == 9 && strcmp(role, "flood") == 0) return flood(arguments + 2);
  fprintf(stderr, "datagrams: no such role: %s\n", role);
  return 2;
}
