// SPDX-License-Identifier: MIT
#include "linux/every-thread.h"

#include <dirent.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace wgq {
namespace {

// The signal that the C library itself sends to every thread for setuid(2). No thread can block it through the library:
// other signals will not do, as the thread that waits for the debugger's signal blocks them all.
#ifdef __GLIBC__
constexpr int reaching_signal = 33;
#else
constexpr int reaching_signal = 34;
#endif
constexpr std::size_t kernel_mask_bytes = 8;
constexpr std::chrono::seconds patience{2};
constexpr std::chrono::milliseconds usual_answer{1};

pid_t thread_id() { return static_cast<pid_t>(::syscall(SYS_gettid)); }

// What one thread has to do, and what became of it.
struct Call {
  pid_t thread;
  int (*act)();
  std::atomic<bool> answered{false};
  int result = 0;

  Call(pid_t its, int (*what)()) : thread(its), act(what) {}
};

// A deque keeps the addresses of its elements.
using Calls = std::deque<Call>;
std::atomic<Calls*> pending{nullptr};

void run_here(int) {
  const int before = errno;
  const pid_t own = thread_id();
  if (Calls* const calls = pending.load())
    for (Call& call : *calls) {
      if (call.thread != own) continue;
      call.result = call.act();
      call.answered.store(true);
      break;  // The waiting thread may free the calls from now on.
    }
  errno = before;
}

// The kernel's struct sigaction; the buffer is larger than on any architecture.
using KernelAction = std::vector<std::uint8_t>;

bool exchange_action(int signal, const KernelAction* fresh, KernelAction* old) {
  return ::syscall(SYS_rt_sigaction, signal, fresh ? fresh->data() : nullptr, old ? old->data() : nullptr,
                   kernel_mask_bytes) == 0;
}

// The library refuses to install a handler for a signal of its own, and the kernel's structure contains a return
// address known only to the library: so the handler is installed for another signal and the structure copied.
KernelAction kernel_action_of_handler() {
  const int borrowed = SIGRTMAX - 1;
  struct sigaction action{}, before{};
  action.sa_handler = run_here;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  KernelAction made(256);
  ::sigaction(borrowed, &action, &before);
  exchange_action(borrowed, nullptr, &made);
  ::sigaction(borrowed, &before, nullptr);
  return made;
}

std::set<pid_t> threads() {
  std::set<pid_t> found;
  DIR* folder = ::opendir("/proc/self/task");
  if (!folder) return found;
  while (const dirent* entry = ::readdir(folder))
    if (const long id = std::strtol(entry->d_name, nullptr, 10); id > 0) found.insert(static_cast<pid_t>(id));
  ::closedir(folder);
  return found;
}

bool has_ended(pid_t thread) { return ::syscall(SYS_tgkill, ::getpid(), thread, 0) < 0; }

// Reaches all threads before it waits for the first: each takes a few dozen microseconds to wake up.
int run_on(const std::vector<pid_t>& fresh, int (*act)()) {
  auto calls = std::make_unique<Calls>();
  for (const pid_t thread : fresh) calls->emplace_back(thread, act);
  pending.store(calls.get());
  for (Call& call : *calls)
    if (::syscall(SYS_tgkill, ::getpid(), call.thread, reaching_signal) < 0) {
      call.result = errno == ESRCH ? 0 : errno;
      call.answered.store(true);
    }
  const auto start = std::chrono::steady_clock::now();
  int error = 0;
  for (const Call& call : *calls) {
    while (!call.answered.load() && !has_ended(call.thread)) {
      const auto waited = std::chrono::steady_clock::now() - start;
      if (waited > patience) {
        pending.store(nullptr);
        // A thread that wakes up now may be reading it.
        static_cast<void>(calls.release());
        return ETIMEDOUT;
      }
      if (waited < usual_answer)
        std::this_thread::yield();
      else
        std::this_thread::sleep_for(usual_answer);
    }
    if (error == 0) error = call.result;
  }
  pending.store(nullptr);
  return error;
}

}  // namespace

int on_every_thread(int (*act)()) {
  const KernelAction action = kernel_action_of_handler();
  KernelAction before(256);
  if (!exchange_action(reaching_signal, &action, &before)) return errno;
  int error = act();
  std::set<pid_t> done{thread_id()};
  // A thread created meanwhile inherits from one that is done, or the next iteration finds it.
  while (error == 0) {
    std::vector<pid_t> fresh;
    for (const pid_t thread : threads())
      if (done.insert(thread).second) fresh.push_back(thread);
    if (fresh.empty()) break;
    error = run_on(fresh, act);
  }
  exchange_action(reaching_signal, &before, nullptr);
  return error;
}

}  // namespace wgq
