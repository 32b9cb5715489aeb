// SPDX-License-Identifier: MIT
#include "engine/prefix-trie.h"

#include <algorithm>
#include <vector>

namespace wgq {

PrefixTrie::~PrefixTrie() {
  std::vector<PrefixNode*> open{root_.load()};
  while (!open.empty()) {
    PrefixNode* node = open.back();
    open.pop_back();
    if (!node) continue;
    for (auto& child : node->child) open.push_back(child.load());
    delete node;
  }
}

void PrefixTrie::own(PrefixNode& node, Peer& owner, PrefixNode*& list) {
  disown(node);
  node.owner.store(&owner, std::memory_order_release);
  node.next_of_owner = list;
  node.previous_of_owner = &list;
  if (list) list->previous_of_owner = &node.next_of_owner;
  list = &node;
}

void PrefixTrie::disown(PrefixNode& node) {
  if (!node.previous_of_owner) return;
  *node.previous_of_owner = node.next_of_owner;
  if (node.next_of_owner) node.next_of_owner->previous_of_owner = node.previous_of_owner;
  node.next_of_owner = nullptr;
  node.previous_of_owner = nullptr;
}

void PrefixTrie::insert(AddressBits bits, unsigned length, Peer& owner, PrefixNode*& list, std::uint64_t stamp) {
  bits = bits.masked(length);
  PrefixNode* parent = nullptr;
  Link* link = &root_;
  for (;;) {
    PrefixNode* node = link->load(std::memory_order_relaxed);
    const unsigned shared = node ? std::min({node->bits.common(bits), unsigned{node->length}, length}) : 0;
    if (node && shared == node->length && node->length == length) {
      node->stamp = stamp;
      own(*node, owner, list);
      return;
    }
    if (node && shared == node->length) {
      parent = node;
      link = &node->child[bits.bit(node->length)];
      continue;
    }
    // The prefix ends the path, is an ancestor of `node`, or branches off beside it.
    auto* made = new PrefixNode;
    made->bits = bits;
    made->length = static_cast<std::uint8_t>(length);
    made->stamp = stamp;
    own(*made, owner, list);
    PrefixNode* top = made;
    if (node && shared == length) {
      made->child[node->bits.bit(length)].store(node, std::memory_order_relaxed);
      node->parent = made;
    } else if (node) {
      top = new PrefixNode;
      top->bits = bits.masked(shared);
      top->length = static_cast<std::uint8_t>(shared);
      top->child[bits.bit(shared)].store(made, std::memory_order_relaxed);
      top->child[node->bits.bit(shared)].store(node, std::memory_order_relaxed);
      made->parent = top;
      node->parent = top;
    }
    top->parent = parent;
    link->store(top, std::memory_order_release);
    return;
  }
}

PrefixNode* PrefixTrie::find(const AddressBits& bits, unsigned length) const {
  PrefixNode* node = root_.load(std::memory_order_relaxed);
  while (node && node->length <= length && node->bits.common(bits) >= node->length) {
    if (node->length == length) return node;
    node = node->child[bits.bit(node->length)].load(std::memory_order_relaxed);
  }
  return nullptr;
}

void PrefixTrie::remove(AddressBits bits, unsigned length, const Peer* owner, std::uint64_t stamp) {
  PrefixNode* node = find(bits.masked(length), length);
  if (!node || node->stamp > stamp) return;
  const Peer* found = node->owner.load(std::memory_order_relaxed);
  if (found && (!owner || found == owner)) remove(*node);
}

void PrefixTrie::remove(PrefixNode& removed) {
  removed.owner.store(nullptr, std::memory_order_release);
  disown(removed);
  // Removes nodes that neither own nor branch: at most the node and its parent.
  for (PrefixNode* node = &removed; node && !node->owner.load(std::memory_order_relaxed);) {
    PrefixNode* left = node->child[0].load(std::memory_order_relaxed);
    PrefixNode* right = node->child[1].load(std::memory_order_relaxed);
    if (left && right) return;
    PrefixNode* only = left ? left : right;
    PrefixNode* parent = node->parent;
    link_to(*node).store(only, std::memory_order_release);
    if (only) only->parent = parent;
    epoch_.retire(std::unique_ptr<PrefixNode>(node));
    node = parent;
  }
}

}  // namespace wgq
