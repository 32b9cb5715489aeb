// SPDX-License-Identifier: MIT
#include "noise/crew.h"

#include <atomic>
#include <exception>

#include "engine/blocked-signals.h"
#include "engine/platform.h"
#include "engine/thread-boundary.h"

namespace wgq {

// A helper may still hold it when all of its work is done.
struct Crew::Task {
  Task(const std::function<void(std::size_t)>& all, std::size_t how_many) : work(all), count(how_many) {}

  const std::function<void(std::size_t)>& work;
  const std::size_t count;
  std::atomic<std::size_t> claimed{0}, done{0};
  std::atomic<bool> failed{false};
  std::exception_ptr error{};

  // Does pieces until all are claimed. Whether the last one was done here.
  bool proceed() {
    for (;;) {
      const std::size_t piece = claimed.fetch_add(1, std::memory_order_relaxed);
      if (piece >= count) return false;
      try {
        work(piece);
      } catch (...) {
        if (!failed.exchange(true)) error = std::current_exception();
      }
      if (done.fetch_add(1, std::memory_order_acq_rel) + 1 == count) return true;
    }
  }
};

Crew::~Crew() {
  {
    std::lock_guard lock(lock_);
    stopping_ = true;
  }
  offered_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
}

void Crew::run(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::unique_lock turn(one_at_a_time_, std::defer_lock);
  if (count < 2 || most_helpers_ == 0 || !turn.try_lock()) {
    for (std::size_t piece = 0; piece < count; piece++) work(piece);
    return;
  }
  start_helpers();
  const auto task = std::make_shared<Task>(work, count);
  {
    std::lock_guard lock(lock_);
    task_ = task;
  }
  for (std::size_t i = 1; i < count && i <= helpers_.size(); i++) offered_.notify_one();
  const bool last = task->proceed();
  std::unique_lock lock(lock_);
  if (!last) finished_.wait(lock, [&] { return task->done.load(std::memory_order_acquire) == count; });
  task_.reset();
  lock.unlock();
  if (task->error) std::rethrow_exception(task->error);
}

void Crew::start_helpers() {
  if (!helpers_.empty()) return;
  const BlockedSignals while_they_start;
  try {
    while (helpers_.size() < most_helpers_) {
      helpers_.emplace_back([this] {
        constexpr const char* name = "wgq noise";
        platform::name_thread(pthread_self(), name);  // of another thread it would mean to open a file, which is refused
        thread_boundary(name, [this] { help(); }, [](int, const char* why) { end_process(name, why); });
      });
    }
  } catch (const std::exception&) {
    // The system allows no more threads, or has no memory for one: those that are there, or none, do.
  }
}

void Crew::help() {
  std::unique_lock lock(lock_);
  std::shared_ptr<Task> seen;
  for (;;) {
    offered_.wait(lock, [&] { return stopping_ || (task_ && task_ != seen); });
    if (stopping_) return;
    seen = task_;
    lock.unlock();
    const bool last = seen->proceed();
    before_sleep_();
    lock.lock();
    if (last) finished_.notify_one();
  }
}

}  // namespace wgq
