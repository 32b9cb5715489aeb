// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace wgq {

// Threads that help the calling one with several pieces of work of the same kind. They start with the first work that
// can be shared, and sleep in between.
class Crew {
 public:
  // `before_sleep` is called by each helper when it has done its part.
  Crew(std::size_t most_helpers, std::function<void()> before_sleep)
      : most_helpers_(most_helpers), before_sleep_(std::move(before_sleep)) {}
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew();

  // Calls work(0) to work(count - 1), each once, on any thread, and returns when all of them have returned. Raises the
  // first error of a piece after that; without helpers at once, and leaves the rest undone.
  void run(std::size_t count, const std::function<void(std::size_t)>& work);

 private:
  struct Task;

  void start_helpers();
  void help();

  const std::size_t most_helpers_;
  const std::function<void()> before_sleep_;
  std::vector<std::thread> helpers_;
  std::mutex one_at_a_time_;
  std::mutex lock_;
  std::condition_variable offered_, finished_;
  std::shared_ptr<Task> task_;
  bool stopping_ = false;
};

}  // namespace wgq
