// SPDX-License-Identifier: MIT
#include "engine/rate-limiter.h"

#include <algorithm>

#include "engine/bytes.h"

namespace wgq {

void RateLimiter::collect(std::uint64_t now) {
  if (now - collected_ < idle_lifetime) return;
  collected_ = now;
  std::erase_if(buckets_, [&](const auto& entry) { return now - entry.second.last > idle_lifetime; });
}

bool RateLimiter::allow(const Endpoint& from, std::uint64_t now) {
  collect(now);
  const Key key{from.family == 4 ? load<std::uint32_t>(from.address) : load<std::uint64_t>(from.address), from.family};
  const auto found = buckets_.find(key);
  if (found == buckets_.end()) {
    if (buckets_.size() >= capacity_) return false;
    buckets_.emplace(key, Bucket{most_tokens - packet_cost, now});
    return true;
  }
  Bucket& bucket = found->second;
  bucket.tokens = std::min(most_tokens, bucket.tokens + (now - bucket.last));
  bucket.last = now;
  if (bucket.tokens < packet_cost) return false;
  bucket.tokens -= packet_cost;
  return true;
}

}  // namespace wgq
