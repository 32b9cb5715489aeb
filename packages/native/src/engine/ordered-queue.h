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
// slots; any thread does the work of a slot; slots are finished in the order of their filling, one at a time, by
// whoever has just done the work that was missing. So the order of packets is kept, and no thread waits for another as
// long as there is work.
class OrderedQueue {
 public:
  using Work = std::function<void(std::size_t slot, Aead& aead)>;
  using Finish = std::function<void(std::size_t slot)>;

  // `offer` is called when there is work that others might take.
  OrderedQueue(std::size_t slots, Work work, Finish finish, std::function<void()> offer);

  // The rest of this block is the producer's.

  // The slot to be filled; stays the same until `publish`.
  std::size_t slot() const { return static_cast<std::size_t>(published_.load(std::memory_order_relaxed) % slots_); }
  // Hands the slot over and waits until the next one is free, helping with `aead` meanwhile. `large`: worth waking
  // another thread even if it is the only one.
  void publish(Aead& aead, bool large);
  // Does what nobody has taken up yet: before this thread sleeps, because small work is not offered to others.
  void settle(Aead& aead);
  // Does or waits for everything that was published.
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

  // Numbers of slots that were published, taken up and finished since the start: slot number n is at n % slots_.
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
