// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "engine/bytes.h"
#include "engine/cookie.h"
#include "engine/secret.h"
#include "engine/seeded-hash.h"
#include "noise/handshake.h"

namespace wgq {

using PublicKey = std::array<std::uint8_t, noise::key_bytes>;
using Timestamp = std::array<std::uint8_t, noise::timestamp_bytes>;

// For a table of peers by key, also where strangers hand in the public keys.
struct PublicKeyHash {
  SeededHash hash;
  std::size_t operator()(const PublicKey& key) const {
    const auto word = [&](std::size_t at) { return load<std::uint64_t>(key.data() + at); };
    return static_cast<std::size_t>(hash.of({word(0), word(8), word(16), word(24)}));
  }
};

// Our outstanding initiation to a peer.
struct OwnInitiation {
  explicit OwnInitiation(PrivateKey key) : ephemeral(std::move(key)) {}

  PrivateKey ephemeral;
  Secret<noise::transcript_bytes> transcript;
  std::uint32_t local_index = 0;
};

// A cookie that a peer gave us. It is used for less time than the peer keeps its secret (protocol §4.3).
struct ReceivedCookie {
  static constexpr std::uint64_t usable = 115 * second;

  Secret<sizeof(Mac)> value;
  std::uint64_t birth = 0;  // boot time, ns
};

// What handshakes with one peer need and remember. Times are boot time in ns.
struct Party {
  enum class StaticSecret { unknown, known, low_order };

  Party(std::uint32_t number, const PublicKey& key) : id(number), public_key(key) {}

  const std::uint32_t id;
  const PublicKey public_key;
  Secret<noise::key_bytes> preshared_key;  // all zero: none

  // DH of both static keys, computed once per peer and own key; low_order: the peer's key gives none (protocol §3.1).
  StaticSecret static_secret_is = StaticSecret::unknown;
  Secret<noise::key_bytes> static_secret;

  // The one handshake slot of a peer (protocol §3.5).
  std::unique_ptr<OwnInitiation> initiation;

  Timestamp last_timestamp{};  // the greatest one accepted
  std::optional<std::uint64_t> last_initiation;

  // mac1 of the last handshake message to it, until a cookie reply uses it up.
  std::optional<Mac> sent_mac1;
  std::unique_ptr<ReceivedCookie> cookie;
};

}  // namespace wgq
