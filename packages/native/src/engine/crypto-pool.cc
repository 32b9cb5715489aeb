// SPDX-License-Identifier: MIT
#include "engine/crypto-pool.h"

#include <utility>

#include "engine/aead.h"
#include "engine/platform.h"
#include "engine/thread-boundary.h"

namespace wgq {

void CryptoPool::start(std::size_t threads, std::vector<OrderedQueue*> queues) {
  queues_ = std::move(queues);
  threads_.reserve(threads);
  while (threads_.size() < threads) {
    threads_.emplace_back([this] {
      constexpr const char* name = "wgq crypto";
      thread_boundary(name, [this] { run(); }, [](int, const char* why) { end_process(name, why); });
    });
    platform::name_thread(threads_.back().native_handle(), "wgq crypto");
  }
}

void CryptoPool::offer() {
  // Before sleeping, a thread increments `sleeping_` and then checks the queues once more, all sequentially consistent:
  // either it sees what was just published, or the load below sees it sleeping.
  if (sleeping_.load(std::memory_order_seq_cst) == 0) return;
  {
    std::lock_guard lock(lock_);
    offers_++;
  }
  offered_.notify_one();
}

void CryptoPool::stop() {
  {
    std::lock_guard lock(lock_);
    stopping_ = true;
  }
  offered_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void CryptoPool::run() {
  Aead aead;
  auto help = [&] {
    bool any = false;
    for (OrderedQueue* queue : queues_) any |= queue->help(aead);
    return any;
  };
  for (;;) {
    while (help()) {
    }
    std::unique_lock lock(lock_);
    sleeping_.fetch_add(1, std::memory_order_seq_cst);
    lock.unlock();
    const bool more = help();
    if (!more) Aead::clear_stack();
    lock.lock();
    if (!more) offered_.wait(lock, [&] { return offers_ > 0 || stopping_; });
    sleeping_.fetch_sub(1, std::memory_order_relaxed);
    if (offers_ > 0) offers_--;
    if (stopping_ && !more) return;
  }
}

}  // namespace wgq
