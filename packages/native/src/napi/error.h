// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <string>

namespace wgq {

// A failed system call; becomes a JavaScript Error with `code` (EPERM …), `errno` and `syscall`.
struct SystemError {
  int number;
  std::string call;
};

// A wrong argument; becomes a JavaScript TypeError.
struct ArgumentError {
  std::string text;
};

[[noreturn]] inline void throw_errno(const char* call) { throw SystemError{errno, call}; }

// The symbolic name of an errno ("EADDRINUSE"), or "E<number>".
std::string errno_name(int number);

// "EPERM: Operation not permitted, setns".
std::string error_text(const SystemError& failure);

}  // namespace wgq
