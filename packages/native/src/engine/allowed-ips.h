// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <span>

#include "engine/prefix-trie.h"

namespace wgq {

// The device-wide table of allowed IPs: which peer a destination is sent to, and which peer a source may come from.
class AllowedIps {
 public:
  static constexpr std::size_t record_bytes = 24;

  explicit AllowedIps(Epoch& epoch) : v4_(epoch, 32), v6_(epoch, 128) {}

  // Applies records of engine.ts as one change: every prefix moves from its old owner to its last one without being
  // unowned in between. Raises ArgumentError, with nothing applied, for a malformed record or unknown peer.
  void update(std::span<const std::uint8_t> records, const std::function<Peer*(std::uint32_t)>& peer_of);
  // Removes every prefix of a peer.
  void remove_peer(Peer& peer);

  Peer* lookup_v4(const std::uint8_t* address) const { return v4_.lookup(AddressBits::v4(address)); }
  Peer* lookup_v6(const std::uint8_t* address) const { return v6_.lookup(AddressBits::v6(address)); }

 private:
  PrefixTrie v4_, v6_;
  std::uint64_t stamp_ = 0;
};

}  // namespace wgq
