// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { buildCross, compileDiffering, crossTargets, wantedSymbols } from '../../scripts/build/cross.mjs'
import { whyNoZig } from './zig.ts'

// Each target builds its C++ library first: minutes of processor time.
const whyNoCompiler = whyNoZig()
const whyNot = process.env['WGQ_CROSS'] === '1' ? whyNoCompiler : 'set WGQ_CROSS=1 to compile it'
if (whyNot) console.log(`skipped: the addon for the BSDs: ${whyNot}`)

/** What the Node binary brings: Node-API, libuv, OpenSSL. */
const ofNode = /^(napi_|node_api_|uv_|EVP_|OPENSSL_|OSSL_|ERR_|RAND_|CRYPTO_)/

/** The C library with its threads and mathematics; nothing of the C++ runtime, which every system has another one of. */
const ofC = new Set(
  `abort accept aligned_alloc bind calloc ceilf clock_gettime close connect dl_iterate_phdr dladdr dlsym fcntl fflush flock floor fprintf
  fputc free fwrite getpeereid getpid getrlimit getsockname if_indextoname if_nametoindex ioctl listen malloc memchr memcmp memcpy memmove memset
  nanosleep pipe2 pledge poll posix_memalign procctl read readv realloc recv recvmmsg sched_yield send sendmmsg sendmsg setproctitle
  setrlimit setsockopt sigfillset snprintf socket sscanf strcmp strerror strerror_r strlen uname unveil vfprintf waitpid write writev
  __clock_gettime50 __cxa_atexit __cxa_finalize __cxa_thread_atexit __cxa_thread_atexit_impl __errno __error __nanosleep50 __sF
  __sigfillset14 __socket30 __stack_chk_fail __stack_chk_guard __stderr __stderrp __tls_get_addr __xuname`.split(
    /\s+/,
  ),
)
const isOfC = (name: string): boolean => ofC.has(name) || /^(pthread_|__libc_)/.test(name)

test.skipIf(whyNot).each(crossTargets)(
  '%s: compiled with warnings as errors, linked, wanting nothing else',
  async (target) => {
    const wanted = wantedSymbols(await buildCross(target))
    expect(wanted.filter((name) => !ofNode.test(name) && !isOfC(name))).toEqual([])
    expect(wanted).toContain('napi_create_function')
  },
)

test.skipIf(whyNoCompiler).each(['x86_64-freebsd', 'x86_64-netbsd', 'x86_64-openbsd'])(
  '%s: where the systems differ, compiled with warnings as errors',
  async (target) => {
    await compileDiffering(target)
  },
)
