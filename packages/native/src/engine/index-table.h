// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/epoch.h"
#include "engine/keypair.h"

namespace wgq {

// Local index → keypair: open addressing. The control thread changes it in place, the receiving thread reads it inside an
// epoch section.
class IndexTable {
 public:
  explicit IndexTable(Epoch& epoch) : epoch_(epoch), slots_(new Slots(64)) {}
  ~IndexTable() { delete slots_.load(); }

  Keypair* find(std::uint32_t index) const {
    const Slots& slots = *slots_.load(std::memory_order_acquire);
    for (std::size_t at = start(index);; at++) {
      Keypair* found = slots.at(at).load(std::memory_order_acquire);
      if (!found) return nullptr;
      if (found != tombstone() && found->local_index == index) return found;
    }
  }

  void insert(Keypair& keypair) {
    Slots* slots = slots_.load(std::memory_order_relaxed);
    if ((slots->used + 1) * 2 > slots->entries.size()) slots = rebuild();
    put(*slots, keypair);
    live_++;
  }

  void remove(const Keypair& keypair) {
    Slots& slots = *slots_.load(std::memory_order_relaxed);
    for (std::size_t at = start(keypair.local_index);; at++) {
      Keypair* found = slots.at(at).load(std::memory_order_relaxed);
      if (!found) return;
      if (found != &keypair) continue;
      slots.at(at).store(tombstone(), std::memory_order_release);
      live_--;
      return;
    }
  }

 private:
  struct Slots {
    explicit Slots(std::size_t size) : entries(size) {}
    std::atomic<Keypair*>& at(std::size_t i) { return entries[i & (entries.size() - 1)]; }
    const std::atomic<Keypair*>& at(std::size_t i) const { return entries[i & (entries.size() - 1)]; }
    std::vector<std::atomic<Keypair*>> entries;
    std::size_t used = 0;  // live and removed
  };

  // Stands for a removed entry: an address that no keypair has.
  static Keypair* tombstone() {
    alignas(std::max_align_t) static char place;
    return reinterpret_cast<Keypair*>(&place);
  }
  // Indices are random, so they serve as their own hash.
  static std::size_t start(std::uint32_t index) { return index; }

  static void put(Slots& slots, Keypair& keypair) {
    std::size_t at = start(keypair.local_index);
    while (slots.at(at).load(std::memory_order_relaxed)) at++;
    slots.at(at).store(&keypair, std::memory_order_release);
    slots.used++;
  }

  Slots* rebuild() {
    Slots* old = slots_.load(std::memory_order_relaxed);
    std::size_t size = 64;
    while (size < (live_ + 1) * 4) size *= 2;
    auto fresh = std::make_unique<Slots>(size);
    for (auto& entry : old->entries) {
      Keypair* keypair = entry.load(std::memory_order_relaxed);
      if (keypair && keypair != tombstone()) put(*fresh, *keypair);
    }
    Slots* made = fresh.release();
    slots_.store(made, std::memory_order_seq_cst);
    epoch_.retire(std::unique_ptr<Slots>(old));
    return made;
  }

  Epoch& epoch_;
  std::atomic<Slots*> slots_;
  std::size_t live_ = 0;
};

}  // namespace wgq
