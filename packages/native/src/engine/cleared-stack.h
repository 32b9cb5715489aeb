// SPDX-License-Identifier: MIT
#pragma once

#include "engine/aead.h"

namespace wgq {

// Overwrites what OpenSSL left of keys on this thread's stack, at the end of a scope.
class ClearedStack {
 public:
  ClearedStack() {}
  ClearedStack(const ClearedStack&) = delete;
  ClearedStack& operator=(const ClearedStack&) = delete;
  ~ClearedStack() { Aead::clear_stack(); }
};

}  // namespace wgq
