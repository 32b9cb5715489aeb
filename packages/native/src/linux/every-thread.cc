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

std::atomic<int (*)()> wanted{nullptr};
std::atomic<int> result{0};
std::atomic<pid_t> answered{0};

pid_t thread_id() { return static_cast<pid_t>(::syscall(SYS_gettid)); }

void run_here(int) {
  const int before = errno;
  if (int (*act)() = wanted.load()) {
    result.store(act());
    answered.store(thread_id());
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

int run_on(pid_t thread) {
  answered.store(0);
  if (::syscall(SYS_tgkill, ::getpid(), thread, reaching_signal) < 0) return errno == ESRCH ? 0 : errno;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (answered.load() != thread) {
    if (::syscall(SYS_tgkill, ::getpid(), thread, 0) < 0) return 0;  // the thread has ended
    if (std::chrono::steady_clock::now() > deadline) return ETIMEDOUT;
    std::this_thread::sleep_for(std::chrono::microseconds(20));
  }
  return result.load();
}

}  // namespace

int on_every_thread(int (*act)()) {
  const KernelAction action = kernel_action_of_handler();
  KernelAction before(256);
  wanted.store(act);
  if (!exchange_action(reaching_signal, &action, &before)) return errno;
  int error = act();
  std::set<pid_t> done{thread_id()};
  // A thread created meanwhile inherits from one that is done, or the next iteration finds it.
  for (bool more = true; more && error == 0;) {
    more = false;
    for (const pid_t thread : threads()) {
      if (error != 0 || !done.insert(thread).second) continue;
      more = true;
      error = run_on(thread);
    }
  }
  wanted.store(nullptr);
  exchange_action(reaching_signal, &before, nullptr);
  return error;
}

}  // namespace wgq
