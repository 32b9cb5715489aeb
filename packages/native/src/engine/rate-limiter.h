// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <unordered_map>

#include "engine/endpoint.h"
#include "engine/seeded-hash.h"

namespace wgq {

// Token buckets per source (protocol §6.5): 20 handshake messages a second, 5 at once. A source is an IPv4 address or
// the first 64 bits of an IPv6 address.
class RateLimiter {
 public:
  static constexpr std::uint64_t packet_cost = 50'000'000;    // ns
  static constexpr std::uint64_t most_tokens = 250'000'000;   // ns
  static constexpr std::uint64_t idle_lifetime = 1'000'000'000;
  static constexpr std::size_t most_entries = 16384;  // about 1 MiB; beyond it new sources are refused

  explicit RateLimiter(std::size_t capacity = most_entries) : capacity_(capacity) {}

  bool allow(const Endpoint& from, std::uint64_t now);
  std::size_t size() const { return buckets_.size(); }

 private:
  struct Key {
    std::uint64_t bits;
    std::uint8_t family;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    SeededHash hash;
    std::size_t operator()(const Key& key) const { return static_cast<std::size_t>(hash.of({key.bits, key.family})); }
  };
  struct Bucket {
    std::uint64_t tokens, last;
  };

  void collect(std::uint64_t now);

  std::size_t capacity_;
  std::uint64_t collected_ = 0;
  std::unordered_map<Key, Bucket, Hash> buckets_;
};

}  // namespace wgq
