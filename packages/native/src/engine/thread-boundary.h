// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

#include "napi/error.h"

namespace wgq {

// Ends the process with a line naming the failed thread and the reason: packets that others wait for are lost with it.
[[noreturn]] inline void end_process(const char* thread, const char* why) noexcept {
  char line[256];
  const int length = std::snprintf(line, sizeof line, "wgqd: the thread %s failed: %s\n", thread, why);
  const auto bytes = std::min(static_cast<std::size_t>(length), sizeof line - 1);
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line, bytes);
  std::abort();
}

// Runs the body of a thread. No caller would catch its exceptions (out of memory, a lock that the system refuses):
// `failed` gets the error number and its text, and must not throw.
template <class Run, class Failed>
void thread_boundary(const char* thread, Run run, Failed failed) noexcept {
  try {
    try {
      run();
    } catch (const SystemError& error) {
      failed(error.number, error.call.c_str());
    } catch (const std::bad_alloc& error) {
      failed(ENOMEM, error.what());
    } catch (const std::exception& error) {
      failed(EIO, error.what());
    }
  } catch (...) {
    end_process(thread, "what it said of its end could not be passed on");
  }
}

}  // namespace wgq
