// SPDX-License-Identifier: MIT
import { loadAddon } from './addon.ts'

/** Target of an ioctl: an open descriptor, or a datagram socket of an address family, created for the call. */
export type IoctlTarget = { readonly fd: number } | { readonly family: number }

/**
 * ioctl(2). `buffer` is read and written in place and must have the size that the request requires; without it the
 * argument is NULL. Returns the result. Raises an error with `code`.
 */
export const ioctl = (target: IoctlTarget, request: number | bigint, buffer?: Uint8Array): number =>
  loadAddon().ioctl(target, request, buffer)

/**
 * ioctl(2) with a structure that points to a second buffer (SIOCSWG, SIOCGIFGMEMB …): writes the address of `data`
 * (NULL if absent) into `header` at `pointerOffset` for the call and zeroes it afterwards. Returns the result. Raises
 * an error with `code`.
 */
export const ioctlWithPointer = (
  target: IoctlTarget,
  request: number | bigint,
  header: Uint8Array,
  pointerOffset: number,
  data: Uint8Array | undefined,
): number => loadAddon().ioctlWithPointer(target, request, header, pointerOffset, data)

/** Moves the calling thread into a network namespace (`ip netns exec`): if called on the main thread before
 *  anything else is started, everything started later is inside. Linux. Raises an error with `code`. */
export const setNetns = (path: string): void => loadAddon().setNetns(path)

/** Name of the interface with this index in the thread's namespace; undefined when there is none. */
export const interfaceName = (index: number): string | undefined => loadAddon().interfaceName(index)

/** Index of the interface with this name in the thread's namespace; undefined when there is none. */
export const interfaceIndex = (name: string): number | undefined => loadAddon().interfaceIndex(name)

/** The source address (4 or 16 bytes) that the kernel would use for `address`, with the mark of the sockets (SO_MARK; a
 *  routing table on OpenBSD); undefined if there is no route. Sends nothing. */
export const chooseSource = (address: Uint8Array, mark: number): Buffer | undefined =>
  loadAddon().chooseSource(address, mark)

/** Nanoseconds of CLOCK_BOOTTIME, which keeps running while the machine sleeps. The clock of all engine times. */
export const bootTimeNanoseconds = (): bigint => loadAddon().bootTimeNanoseconds()

/** Overwrites a buffer with zeros in a way no compiler removes. For keys. */
export const zero = (buffer: Uint8Array): void => loadAddon().zero(buffer)

/** The public key of a 32-byte private key, X25519 with the base point, by OpenSSL: starts faster than node:crypto.
 *  Raises an error for another length. */
export const x25519PublicKey = (privateKey: Uint8Array): Buffer => loadAddon().x25519PublicKey(privateKey)

/** Takes the advisory exclusive lock of an open file (flock(2)); false when another process has it and `wait` is not set.
 *  Waiting blocks the thread. Closing the descriptor releases the lock. */
export const lockFile = (fd: number, options: { readonly wait: boolean }): boolean =>
  loadAddon().lockFile(fd, options.wait)

/** Opens an unbound UDP socket whose packets carry a mark (SO_MARK; on the BSDs their equivalent of `fwmark`). Raises
 *  an error with `code`. */
export const openMarkedSocket = (family: 4 | 6, mark: number): number =>
  loadAddon().openMarkedSocket(family === 6, mark)

/** Reaps an ended child that Node did not start (waitpid(2), without waiting); false if there is none. */
export const reap = (pid: number): boolean => loadAddon().reap(pid)

/** Allows or forbids core dumps and, on Linux (prctl PR_SET_DUMPABLE) and FreeBSD, ptrace by the same user. */
export const setDumpable = (allowed: boolean): void => loadAddon().setDumpable(allowed)

/** Sets the name that `ps -o comm` shows, 15 bytes (prctl PR_SET_NAME); on the BSDs the title (setproctitle). */
export const setProcessName = (name: string): void => loadAddon().setProcessName(name)

/** Starts a session without a terminal (setsid(2)). Linux. Raises an error with `code`: EPERM for the leader of a group. */
export const startSession = (): void => loadAddon().startSession()

/** Sets whether SIGTERM follows the end of the parent (prctl PR_SET_PDEATHSIG). Linux. Raises an error with `code`. */
export const endWithParent = (follows: boolean): void => loadAddon().endWithParent(follows)

/** Numbers of capabilities that a tunnel needs (linux/capability.h). */
export const capability = {
  chown: 0,
  netBindService: 10,
  netBroadcast: 11,
  netAdmin: 12,
  netRaw: 13,
  sysAdmin: 21,
} as const

/**
 * Keeps only the named capabilities (as far as they are held) and drops the rest permanently, on every thread of the
 * process: bounding set, permitted, effective, inheritable and ambient, with PR_SET_NO_NEW_PRIVS. Linux. Raises an error
 * with `code`.
 */
export const keepCapabilities = (capabilities: readonly number[]): void =>
  loadAddon().keepCapabilities(capabilities.reduce((mask, number) => mask | (1n << BigInt(number)), 0n))

/**
 * Refuses permanently, on every thread, the system calls that a running data plane never makes (seccomp(2)): other
 * programs and processes, opening and changing files, listening sockets, TCP, modules, mounts, clocks. They fail with
 * EPERM. Unlinking stays possible, and setns(2) with `mayEnterNamespaces`. Linux. Raises an error with `code`: ENOSYS
 * or EINVAL where the kernel or the architecture has no filter.
 */
export const confineSystemCalls = (options: { readonly mayEnterNamespaces: boolean }): void =>
  loadAddon().confineSystemCalls(options.mayEnterNamespaces)

/** Sends one datagram to the Unix socket of a service manager, `@` first for the abstract namespace (sd_notify(3)):
 *  Node has no Unix datagram sockets. Linux. Raises an error with `code`. */
export const notifyServiceManager = (path: string, text: string): void =>
  loadAddon().notifyServiceManager(path, text)
