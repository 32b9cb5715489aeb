// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

// Device-wide counters: the name in C++ and the one in JavaScript.
#define WGQ_COUNTERS(X)                        \
  X(tun_reads, "tunReads")                     \
  X(tun_packets_in, "tunPacketsRead")          \
  X(tun_writes, "tunWrites")                   \
  X(tun_packets_out, "tunPacketsWritten")      \
  X(tun_merged, "tunPacketsMerged")            \
  X(tun_malformed, "tunMalformed")             \
  X(tun_write_errors, "tunWriteErrors")        \
  X(tun_merge_refused, "tunMergeRefused")      \
  X(tun_reattached, "tunReattached")           \
  X(udp_sends, "udpSends")                     \
  X(udp_datagrams_out, "udpDatagramsSent")     \
  X(udp_receives, "udpReceives")               \
  X(udp_datagrams_in, "udpDatagramsReceived")  \
  X(udp_truncated, "udpTruncated")             \
  X(udp_receive_errors, "udpReceiveErrors")    \
  X(send_errors, "sendErrors")                 \
  X(send_congested, "sendCongested")           \
  X(source_forgotten, "sourceForgotten")       \
  X(segmentation_refused, "segmentationRefused") \
  X(no_peer, "noPeer")                         \
  X(no_endpoint, "noEndpoint")                 \
  X(loop, "loop")                              \
  X(unreachable_sent, "unreachableSent")       \
  X(staged_dropped, "stagedDropped")           \
  X(malformed, "malformed")                    \
  X(unknown_index, "unknownIndex")             \
  X(expired_key, "expiredKey")                 \
  X(bad_tag, "badTag")                         \
  X(replayed, "replayed")                      \
  X(inner_malformed, "innerMalformed")         \
  X(inner_refused, "innerRefused")             \
  X(handshakes_queued, "handshakesQueued")     \
  X(handshakes_overflowed, "handshakesOverflowed") \
  X(bad_mac1, "badMac1")                       \
  X(rate_limited, "rateLimited")               \
  X(cookies_sent, "cookiesSent")               \
  X(crypto_failures, "cryptoFailures")

namespace wgq {

using Counter = std::atomic<std::uint64_t>;

struct Counters {
#define WGQ_FIELD(field, name) Counter field{0};
  WGQ_COUNTERS(WGQ_FIELD)
#undef WGQ_FIELD
};

inline void count(Counter& counter, std::uint64_t by = 1) { counter.fetch_add(by, std::memory_order_relaxed); }

}  // namespace wgq
