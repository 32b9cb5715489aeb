// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/ordered-queue.h"

namespace wgq {

// Threads that encrypt and decrypt for both directions, beside the two packet threads.
class CryptoPool {
 public:
  // Starts `threads` threads over the queues, which must outlive the pool. The caller must have blocked signals.
  // Raises std::system_error when a thread cannot be created.
  void start(std::size_t threads, std::vector<OrderedQueue*> queues);
  // Wakes one thread if any is asleep.
  void offer();
  // Ends the threads; they finish the work they have claimed.
  void stop();
  ~CryptoPool() { stop(); }

 private:
  void run();

  std::vector<OrderedQueue*> queues_;
  std::vector<std::thread> threads_;
  std::mutex lock_;
  std::condition_variable offered_;
  std::atomic<std::uint32_t> sleeping_{0};
  std::uint32_t offers_ = 0;
  bool stopping_ = false;
};

}  // namespace wgq
