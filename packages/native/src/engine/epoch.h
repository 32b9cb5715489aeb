// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

namespace wgq {

// Reclaims objects that the packet threads may still be reading. The control thread unlinks an object, then retires it;
// it is deleted once every reader has left the section that it was in. Readers never wait.
class Epoch {
 public:
  // Announcement of one reader, which is a thread or work passed between threads: 0 outside of a section, else the
  // epoch at entry.
  struct alignas(64) Reader {
    std::atomic<std::uint64_t> seen{0};
  };

  // Scope of a reader's section: whatever it loads from shared pointers inside remains valid until the end.
  class Section {
   public:
    Section(const Epoch& epoch, Reader& reader) : reader_(reader) {
      reader_.seen.store(epoch.now_.load(std::memory_order_relaxed), std::memory_order_seq_cst);
      std::atomic_thread_fence(std::memory_order_seq_cst);
    }
    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;
    ~Section() { reader_.seen.store(0, std::memory_order_release); }

   private:
    Reader& reader_;
  };

  explicit Epoch(std::size_t readers) : readers_(readers) {}
  Epoch(const Epoch&) = delete;
  Epoch& operator=(const Epoch&) = delete;
  ~Epoch() {
    for (auto& [epoch, object] : retired_) object.reset();
  }

  // A reader that takes over an object from another reader must have the higher index.
  Reader& reader(std::size_t index) { return readers_[index]; }

  // Extends the current section of `by` to the work that `reader` takes over, until `release`.
  void hold(Reader& reader, const Reader& by) {
    reader.seen.store(by.seen.load(std::memory_order_relaxed), std::memory_order_seq_cst);
  }
  void release(Reader& reader) { reader.seen.store(0, std::memory_order_release); }

  // Control thread: deletes `object` once no reader can hold it any more.
  template <class T>
  void retire(std::unique_ptr<T> object) {
    if (object) retired_.push_back({advance(), std::shared_ptr<void>(std::move(object))});
  }

  // Control thread: deletes the retired objects that no reader can hold.
  void collect() {
    const std::uint64_t reached = oldest();
    while (!retired_.empty() && retired_.front().epoch <= reached) retired_.pop_front();
  }

  // Control thread: waits until no reader is in a section it entered before this call.
  void synchronize() {
    const std::uint64_t wanted = advance();
    while (oldest() < wanted) std::this_thread::sleep_for(std::chrono::microseconds(20));
    collect();
  }

 private:
  struct Retired {
    std::uint64_t epoch;
    std::shared_ptr<void> object;
  };

  std::uint64_t advance() {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return now_.fetch_add(1, std::memory_order_seq_cst) + 1;
  }

  // The latest epoch that every reader has reached.
  std::uint64_t oldest() const {
    std::uint64_t reached = UINT64_MAX;
    for (const Reader& reader : readers_) {
      const std::uint64_t seen = reader.seen.load(std::memory_order_seq_cst);
      if (seen != 0 && seen < reached) reached = seen;
    }
    return reached;
  }

  std::atomic<std::uint64_t> now_{1};
  std::vector<Reader> readers_;
  std::deque<Retired> retired_;
};

}  // namespace wgq
