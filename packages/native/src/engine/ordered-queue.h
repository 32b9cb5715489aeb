// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

namespace wgq {

class Aead;

// One direction of the packet flow with its cryptography spread over several threads. One thread, the producer, fills
// slots; any thread does the work of a slot; slots are finished in the order in which they were filled, one at a
// time, by the thread that has just done the missing work. So packets stay in order, and no thread waits for another as
// long as there is work.
class OrderedQueue {
 public:
  using Work = std::function<void(std::size_t slot, Aead& aead)>;
  using Finish = std::function<void(std::size_t slot)>;

  // `offer` is called when there is work for other threads.
  OrderedQueue(std::size_t slots, Work work, Finish finish, std::function<void()> offer);

  // Only the producer calls the rest of this block.

  // The slot to fill next; unchanged until `publish`.
  std::size_t slot() const { return static_cast<std::size_t>(published_.load(std::memory_order_relaxed) % slots_); }
  // Hands the slot over and waits until the next one is free, helping with `aead` meanwhile. `large`: wake
  // another thread even if this is the only pending slot.
  void publish(Aead& aead, bool large);
  // Does the work that no thread has claimed. Call before sleeping, because small work is not offered to others.
  void settle(Aead& aead);
  // Does everything that was published, or waits for it.
  void drain(Aead& aead);

  // Any thread: does one piece of work; false when there is none.
  bool help(Aead& aead);

 private:
  void finish_ready();
  void wait_for(std::uint64_t finished);

  const std::size_t slots_;
  const Work work_;
  const Finish finish_;
  const std::function<void()> offer_;

  // Counts of slots published, claimed and finished since the start: slot number n is at n % slots_.
  alignas(64) std::atomic<std::uint64_t> published_{0};
  alignas(64) std::atomic<std::uint64_t> claimed_{0};
  alignas(64) std::atomic<std::uint64_t> finished_{0};
  std::atomic<bool> finishing_{false};
  // [n % slots_] is n + 1 once the work of slot number n is done.
  const std::unique_ptr<std::atomic<std::uint64_t>[]> done_;

  std::atomic<bool> producer_waits_{false};
  std::mutex waiting_;
  std::condition_variable progress_;
};

}  // namespace wgq
