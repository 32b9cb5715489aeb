// SPDX-License-Identifier: MIT
#include "engine/ordered-queue.h"

#include <utility>

namespace wgq {

OrderedQueue::OrderedQueue(std::size_t slots, Work work, Finish finish, std::function<void()> offer)
    : slots_(slots),
      work_(std::move(work)),
      finish_(std::move(finish)),
      offer_(std::move(offer)),
      done_(std::make_unique<std::atomic<std::uint64_t>[]>(slots)) {}

void OrderedQueue::publish(Aead& aead, bool large) {
  const std::uint64_t number = published_.fetch_add(1, std::memory_order_seq_cst);
  if (large || number != claimed_.load(std::memory_order_relaxed)) offer_();
  const std::uint64_t next = number + 1;
  while (next - finished_.load(std::memory_order_acquire) >= slots_)
    if (!help(aead)) wait_for(next - slots_ + 1);
}

void OrderedQueue::settle(Aead& aead) {
  while (help(aead)) {
  }
}

void OrderedQueue::drain(Aead& aead) {
  const std::uint64_t all = published_.load(std::memory_order_relaxed);
  settle(aead);
  while (finished_.load(std::memory_order_acquire) < all) wait_for(all);
}

bool OrderedQueue::help(Aead& aead) {
  std::uint64_t number = claimed_.load(std::memory_order_relaxed);
  do {
    if (number >= published_.load(std::memory_order_seq_cst)) return false;
  } while (!claimed_.compare_exchange_weak(number, number + 1, std::memory_order_acq_rel));
  const auto at = static_cast<std::size_t>(number % slots_);
  work_(at, aead);
  done_[at].store(number + 1, std::memory_order_seq_cst);
  finish_ready();
  return true;
}

// Sequentially consistent throughout: a thread that finds another one finishing has marked its work before, and a
// thread that stops finishing checks once more afterwards, so that one of the two sees the other.
void OrderedQueue::finish_ready() {
  for (;;) {
    if (finishing_.exchange(true, std::memory_order_seq_cst)) return;
    std::uint64_t number = finished_.load(std::memory_order_relaxed);
    while (done_[number % slots_].load(std::memory_order_seq_cst) == number + 1) {
      finish_(static_cast<std::size_t>(number % slots_));
      finished_.store(++number, std::memory_order_seq_cst);
      if (producer_waits_.load(std::memory_order_seq_cst)) {
        std::lock_guard lock(waiting_);
        progress_.notify_one();
      }
    }
    finishing_.store(false, std::memory_order_seq_cst);
    if (done_[number % slots_].load(std::memory_order_seq_cst) != number + 1) return;
  }
}

void OrderedQueue::wait_for(std::uint64_t finished) {
  std::unique_lock lock(waiting_);
  producer_waits_.store(true, std::memory_order_seq_cst);
  progress_.wait(lock, [&] { return finished_.load(std::memory_order_seq_cst) >= finished; });
  producer_waits_.store(false, std::memory_order_relaxed);
}

}  // namespace wgq
