// SPDX-License-Identifier: MIT
#include "linux/system-call-filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "napi/error.h"

#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW  // Linux 4.17
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW 4
#endif
#ifndef PR_SET_PTRACER
#define PR_SET_PTRACER 0x59616d61
#endif

namespace wgq {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_AARCH64;
#elif defined(__riscv) && __riscv_xlen == 64
constexpr std::uint32_t own_architecture = AUDIT_ARCH_RISCV64;
#elif defined(__arm__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_ARM;
#elif defined(__i386__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_I386;
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
constexpr std::uint32_t own_architecture = AUDIT_ARCH_PPC64LE;
#else
constexpr std::uint32_t own_architecture = 0;
#endif

// Calls for packets and timers come first: older kernels run the program for each call.
constexpr long hot[]{
    SYS_recvmmsg, SYS_sendmsg, SYS_sendmmsg, SYS_readv,       SYS_writev,     SYS_read,         SYS_write,
    SYS_futex,    SYS_ppoll,   SYS_madvise,  SYS_sched_yield, SYS_epoll_pwait, SYS_clock_gettime,
#ifdef SYS_poll
    SYS_poll,     SYS_epoll_wait,
#endif
};

constexpr long refused[]{
    // Other programs and other processes.
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kill, SYS_tkill,
    SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
#ifdef SYS_fork
    SYS_fork, SYS_vfork,
#endif
#ifdef SYS_kcmp
    SYS_kcmp,
#endif
    // Files: all of them are open already. Removing stays possible, for the socket.
    SYS_openat,
#ifdef SYS_open
    SYS_open, SYS_creat, SYS_rename, SYS_link, SYS_symlink, SYS_mknod, SYS_chmod, SYS_chown, SYS_lchown, SYS_mkdir,
    SYS_rmdir,
#endif
#ifdef SYS_renameat
    SYS_renameat,
#endif
    SYS_renameat2, SYS_linkat, SYS_symlinkat, SYS_mknodat, SYS_mkdirat, SYS_truncate, SYS_fchmod, SYS_fchmodat,
    SYS_fchown, SYS_fchownat, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, SYS_removexattr, SYS_lremovexattr,
    SYS_fremovexattr, SYS_name_to_handle_at, SYS_open_by_handle_at, SYS_memfd_create, SYS_fanotify_init,
    // No further socket may listen.
    SYS_listen,
    // The machine.
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_init_module, SYS_finit_module,
    SYS_delete_module, SYS_kexec_load, SYS_bpf, SYS_perf_event_open, SYS_keyctl, SYS_add_key, SYS_request_key,
    SYS_userfaultfd, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_sethostname, SYS_setdomainname, SYS_acct, SYS_quotactl,
    SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex, SYS_syslog, SYS_vhangup, SYS_personality,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_iopl
    SYS_iopl, SYS_ioperm, SYS_modify_ldt,
#endif
    // Users, groups and capabilities.
    SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setgroups, SYS_setfsuid,
    SYS_setfsgid, SYS_capset,
};

// Since Linux 5.1 new calls have the same number on every processor. Only these are allowed; the others, and those of later
// kernels, fail as on an older kernel, which the C library, libuv and V8 know how to do without.
constexpr std::uint32_t first_common = 424;
constexpr long allowed_common[]{
    426,            // io_uring_enter: the loop of newer libuv waits for a ring that it created at its start
    436,            // close_range
    441,            // epoll_pwait2
    449,            // futex_waitv
    453,            // map_shadow_stack, for the stack of a thread
    454, 455, 456,  // futex_wake, futex_wait, futex_requeue
    462,            // mseal
};

constexpr std::uint32_t allow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t with_error(int number) { return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(number); }

constexpr std::uint32_t low_word(std::size_t argument) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 8 * argument + 4);
#else
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 8 * argument);
#endif
}

class Program {
 public:
  void load(std::uint32_t offset) { code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)); }
  void mask(std::uint32_t bits) { code_.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits)); }
  void answer(std::uint32_t action) { code_.push_back(BPF_STMT(BPF_RET | BPF_K, action)); }
  // `action` if the loaded word is `value`.
  void if_equal(std::uint32_t value, std::uint32_t action) { branch(BPF_JEQ, value, action); }
  void if_at_least(std::uint32_t value, std::uint32_t action) { branch(BPF_JGE, value, action); }
  void if_any_bit(std::uint32_t bits, std::uint32_t action) { branch(BPF_JSET, bits, action); }
  void unless_equal(std::uint32_t value, std::uint32_t action) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0));
    answer(action);
  }
  void for_each(std::span<const long> calls, std::uint32_t action) {
    for (const long call : calls) if_equal(static_cast<std::uint32_t>(call), action);
  }
  // The rules that `rules` adds apply to this call only.
  template <class Rules>
  void for_call(long number, Rules rules) {
    const std::size_t at = code_.size();
    code_.push_back(sock_filter{});
    rules();
    const auto skipped = static_cast<std::uint8_t>(code_.size() - at - 1);
    code_[at] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, skipped);
  }

  // Installs the filter on all threads at once, and no-new-privs with it.
  void install() {
    const sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
    for (const unsigned long more : {1UL * SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0UL}) {
      const long done = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC | more, &program);
      if (done == 0) return;
      if (done > 0) throw SystemError{EBUSY, "seccomp: a thread has another filter"};
      if (errno != EINVAL) break;
    }
    throw_errno("seccomp");
  }

 private:
  void branch(std::uint16_t test, std::uint32_t value, std::uint32_t action) {
    code_.push_back(BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | test | BPF_K), value, 0, 1));
    answer(action);
  }

  std::vector<sock_filter> code_;
};

void confine_sockets(Program& program) {
  program.load(low_word(0));
  program.if_equal(AF_UNIX, allow);
  program.if_equal(AF_NETLINK, allow);
  // IPv4 and IPv6 for datagrams only: AF_INET 2 and AF_INET6 10 differ in one bit.
  program.mask(~std::uint32_t{AF_INET ^ AF_INET6});
  program.for_call(AF_INET & AF_INET6, [&] {
    program.load(low_word(1));
    program.mask(0xf);
    program.if_equal(SOCK_DGRAM, allow);
    program.answer(with_error(EACCES));
  });
  program.answer(with_error(EAFNOSUPPORT));
}

}  // namespace

void confine_system_calls(bool may_enter_namespaces) {
  if (own_architecture == 0) throw SystemError{ENOSYS, "seccomp on this architecture"};
  Program program;
  program.load(offsetof(seccomp_data, arch));
  program.unless_equal(own_architecture, with_error(EPERM));
  program.load(offsetof(seccomp_data, nr));
#ifdef __x86_64__
  program.if_at_least(0x40000000, with_error(EPERM));  // the calls of x32
#endif
  program.for_each(hot, allow);
  program.for_each(refused, with_error(EPERM));
  program.for_each(allowed_common, allow);
  program.if_at_least(first_common, with_error(ENOSYS));
  if (!may_enter_namespaces) program.if_equal(SYS_setns, with_error(EPERM));
  program.for_call(SYS_socket, [&] { confine_sockets(program); });
  program.for_call(SYS_clone, [&] {
    program.load(low_word(0));
    program.if_any_bit(CLONE_THREAD, allow);
    program.answer(with_error(EPERM));
  });
  program.for_call(SYS_prctl, [&] {
    program.load(low_word(0));
    program.if_equal(PR_SET_DUMPABLE, with_error(EPERM));
    program.if_equal(PR_SET_PTRACER, with_error(EPERM));
    program.answer(allow);
  });
  program.answer(allow);
  program.install();
}

}  // namespace wgq
