// SPDX-License-Identifier: MIT
#pragma once

namespace wgq {

// Refuses permanently, on every thread, the system calls that a running data plane never makes (seccomp(2)): other
// programs, files, listening sockets, namespaces, modules, clocks, other processes. Sets no-new-privs on every thread.
// With `may_enter_namespaces` setns stays possible. Raises SystemError; ENOSYS on an unsupported architecture.
void confine_system_calls(bool may_enter_namespaces);

}  // namespace wgq
