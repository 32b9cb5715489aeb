// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>

#include "engine/bytes.h"
#include "engine/epoch.h"

namespace wgq {

// An IP address as 128 bits, most significant first; IPv4 is in the first 32.
struct AddressBits {
  std::uint64_t high = 0, low = 0;

  static AddressBits v4(const std::uint8_t* bytes) { return {std::uint64_t{load_be<std::uint32_t>(bytes)} << 32, 0}; }
  static AddressBits v6(const std::uint8_t* bytes) { return {load_be<std::uint64_t>(bytes), load_be<std::uint64_t>(bytes + 8)}; }

  bool bit(unsigned index) const { return (index < 64 ? high >> (63 - index) : low >> (127 - index)) & 1; }

  AddressBits masked(unsigned length) const {
    auto mask = [](unsigned bits) { return bits == 0 ? 0 : bits >= 64 ? UINT64_MAX : ~(UINT64_MAX >> bits); };
    return {high & mask(length), length > 64 ? low & mask(length - 64) : 0};
  }

  // Number of leading bits that two addresses share.
  unsigned common(const AddressBits& other) const {
    if (high != other.high) return static_cast<unsigned>(std::countl_zero(high ^ other.high));
    return low == other.low ? 128 : 64 + static_cast<unsigned>(std::countl_zero(low ^ other.low));
  }
};

struct Peer;

// A node of the trie; those with an owner are prefixes, the others branch.
struct PrefixNode {
  AddressBits bits;
  std::uint8_t length = 0;
  std::array<std::atomic<PrefixNode*>, 2> child{};
  std::atomic<Peer*> owner{nullptr};
  // Control thread only: parent, age within the batch that touched it, and the owner's list of prefixes.
  PrefixNode* parent = nullptr;
  std::uint64_t stamp = 0;
  PrefixNode* next_of_owner = nullptr;
  PrefixNode** previous_of_owner = nullptr;
};

// Longest-prefix match for one address family: a path-compressed binary trie. The control thread changes it by single
// pointer stores, so that the packet threads can read it at any time inside an epoch section.
class PrefixTrie {
 public:
  PrefixTrie(Epoch& epoch, unsigned width) : epoch_(epoch), width_(width) {}
  PrefixTrie(const PrefixTrie&) = delete;
  PrefixTrie& operator=(const PrefixTrie&) = delete;
  ~PrefixTrie();

  // The owner of the most specific prefix that contains the address, or null.
  Peer* lookup(const AddressBits& address) const {
    Peer* best = nullptr;
    const PrefixNode* node = root_.load(std::memory_order_acquire);
    while (node && node->bits.common(address) >= node->length) {
      if (Peer* owner = node->owner.load(std::memory_order_relaxed)) best = owner;
      if (node->length == width_) break;
      node = node->child[address.bit(node->length)].load(std::memory_order_acquire);
    }
    return best;
  }

  // Assigns a prefix to a peer, whatever its previous owner; `list` is the head of the new owner's prefixes.
  void insert(AddressBits bits, unsigned length, Peer& owner, PrefixNode*& list, std::uint64_t stamp);
  // Removes exactly this prefix if it belongs to `owner` (any owner when null) and was not changed since `stamp`.
  void remove(AddressBits bits, unsigned length, const Peer* owner, std::uint64_t stamp);
  // Removes a node that has an owner.
  void remove(PrefixNode& node);

 private:
  using Link = std::atomic<PrefixNode*>;

  Link& link_to(PrefixNode& node) {
    if (!node.parent) return root_;
    return node.parent->child[node.bits.bit(node.parent->length)];
  }
  PrefixNode* find(const AddressBits& bits, unsigned length) const;
  static void own(PrefixNode& node, Peer& owner, PrefixNode*& list);
  static void disown(PrefixNode& node);

  Epoch& epoch_;
  unsigned width_;
  Link root_{nullptr};
};

}  // namespace wgq
