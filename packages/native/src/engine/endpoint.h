// SPDX-License-Identifier: MIT
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <mutex>

namespace wgq {

// Address of a peer, and our address that packets to it are sent from. The layout is the endpoint record of engine.ts.
struct Endpoint {
  std::uint8_t family = 0;  // 4, 6, or 0 when unknown
  std::uint8_t reserved = 0;
  std::uint16_t port = 0;  // host byte order
  std::uint32_t scope = 0;
  std::uint8_t address[16]{};
  std::uint8_t source_family = 0;  // 0: chosen by the routing table
  std::uint8_t source_reserved[3]{};
  std::uint32_t source_interface = 0;
  std::uint8_t source_address[16]{};

  bool known() const { return family != 0; }
  bool same_place(const Endpoint& other) const { return std::memcmp(this, &other, 24) == 0; }
  bool same_source(const Endpoint& other) const { return std::memcmp(&source_family, &other.source_family, 24) == 0; }
  // Whether a message from here tells more than is known: another place, or another source. Where the system does not say
  // at which address it arrived, the known source stays.
  bool differs(const Endpoint& known) const {
    return !same_place(known) || (source_family != 0 && !same_source(known));
  }
  void clear_source() { std::memset(&source_family, 0, 24); }
  std::size_t address_length() const { return family == 4 ? 4 : 16; }
};
static_assert(sizeof(Endpoint) == 48);

// Fills a socket address; returns its length.
socklen_t to_sockaddr(const Endpoint& endpoint, sockaddr_storage& address);
// Reads a socket address; v4-mapped addresses become IPv4.
Endpoint from_sockaddr(const sockaddr_storage& address);

// An endpoint that one thread writes while others read it: a sequence lock over relaxed words.
class SharedEndpoint {
 public:
  Endpoint read() const {
    Words words;
    for (;;) {
      const std::uint32_t before = sequence_.load(std::memory_order_acquire);
      for (std::size_t i = 0; i < words.size(); i++) words[i] = words_[i].load(std::memory_order_relaxed);
      std::atomic_thread_fence(std::memory_order_acquire);
      if (!(before & 1) && sequence_.load(std::memory_order_relaxed) == before) break;
    }
    Endpoint endpoint;
    std::memcpy(static_cast<void*>(&endpoint), words.data(), sizeof endpoint);
    return endpoint;
  }

  void write(const Endpoint& endpoint) {
    std::lock_guard lock(writers_);
    publish(endpoint);
  }

  // Forgets the source; with `seen`, only if it is still the same source.
  void clear_source(const Endpoint* seen = nullptr) {
    std::lock_guard lock(writers_);
    Endpoint now = read();
    if (seen && !now.same_source(*seen)) return;
    now.clear_source();
    publish(now);
  }

 private:
  using Words = std::array<std::uint64_t, sizeof(Endpoint) / 8>;

  void publish(const Endpoint& endpoint) {
    Words words;
    std::memcpy(words.data(), &endpoint, sizeof endpoint);
    const std::uint32_t before = sequence_.load(std::memory_order_relaxed);
    sequence_.store(before + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    for (std::size_t i = 0; i < words.size(); i++) words_[i].store(words[i], std::memory_order_relaxed);
    sequence_.store(before + 2, std::memory_order_release);
  }

  std::mutex writers_;
  std::atomic<std::uint32_t> sequence_{0};
  std::array<std::atomic<std::uint64_t>, sizeof(Endpoint) / 8> words_{};
};

}  // namespace wgq
