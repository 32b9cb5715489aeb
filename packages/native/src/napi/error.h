// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <exception>
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

// Runs `act`. Returns why it failed, or nothing: for work on one of many things, whose failure must not cost the others.
template <class Act>
std::string reason_of_failure(Act act) {
  try {
    act();
    return {};
  } catch (const SystemError& error) {
    return error_text(error);
  } catch (const ArgumentError& error) {
    return error.text;
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace wgq
