// SPDX-License-Identifier: MIT
// The compiler of this machine, the headers that the addon needs and the flags it is compiled with.

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const words = (text) => text?.split(/\s+/).filter(Boolean) ?? []

/**
 * The C++ compiler as a list of words: CXX (which may hold options too) where it is set, else the first of the usual names
 * that runs.
 * @returns {string[] | undefined}
 */
export const findCompiler = () => {
  const asked = words(process.env.CXX)
  return (asked.length > 0 ? [asked] : [['c++'], ['g++'], ['clang++']]).find(([program, ...options]) => {
    try {
      execFileSync(program, [...options, '--version'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}

/**
 * The first line of what a compiler says about its version.
 * @param {string[]} cxx
 */
export const compilerVersion = ([program, ...options]) =>
  execFileSync(program, [...options, '--version'], { encoding: 'utf8' }).split('\n', 1)[0]

/** Folder of Node's own headers: beside its binary in the official builds and on most systems. */
const besideNode = join(dirname(process.execPath), '../include/node')

const nodeApiFolder = () => {
  const folders = [
    besideNode,
    '/usr/include/node',
    '/usr/include/nodejs/src',
    '/usr/local/include/node',
    '/usr/pkg/include/node',
  ]
  try {
    // Pinned, so the same on every machine.
    folders.unshift(createRequire(join(here, '../../package.json'))('node-api-headers').include_dir)
  } catch {
    // A distribution builds its package with the headers of its own Node.
  }
  return folders.find((folder) => existsSync(join(folder, 'node_api.h')))
}

/**
 * Flags that find openssl/evp.h: those of the OpenSSL bundled with Node, else the system's. Never names a folder that
 * the compiler searches anyway: it would precede the C++ library's own and break its #include_next.
 */
const opensslFlags = (cxx, includeDirectory) => {
  const own = [includeDirectory, besideNode].find(
    (folder) => folder && existsSync(join(folder, 'openssl/evp.h')),
  )
  if (own) return ['-isystem', own]
  const compiles = (flags) => {
    try {
      const [program, ...options] = cxx
      const input = '#include <openssl/evp.h>\n'
      execFileSync(
        program,
        [...options, ...words(process.env.CPPFLAGS), ...flags, '-E', '-x', 'c++', '-o', '/dev/null', '-'],
        { input, stdio: 'pipe' },
      )
      return true
    } catch {
      return false
    }
  }
  if (existsSync('/usr/include/openssl/evp.h') || compiles([])) return []
  return ['/usr/local/include', '/usr/pkg/include'].map((folder) => ['-isystem', folder]).find(compiles)
}

/**
 * Flags for Node's and OpenSSL's headers. Throws an Error that names what is missing and how to get it.
 * @param {string[]} cxx
 * @param {string} [includeDirectory] a folder with node_api.h and openssl/, in place of this machine's
 */
export const headerFlags = (cxx, includeDirectory) => {
  const node = includeDirectory ?? nodeApiFolder()
  if (!node)
    throw new Error(
      'node_api.h is missing; run scripts/setup, or install the headers of Node (Debian: apt-get install libnode-dev)',
    )
  const openssl = opensslFlags(cxx, includeDirectory)
  if (!openssl)
    throw new Error(
      "openssl/evp.h is missing; install OpenSSL's headers (Debian: apt-get install libssl-dev)",
    )
  return ['-isystem', node, ...openssl]
}

/**
 * Flags of every compilation. CPPFLAGS and CXXFLAGS of the environment come last. Warnings are errors only if
 * WGQ_WARNINGS_AS_ERRORS is set, as our own tests do: a newer compiler may warn about more.
 * @param {string[]} optimisation
 */
export const compileFlags = (optimisation) => [
  '-std=c++20',
  '-fPIC',
  '-pthread',
  '-fvisibility=hidden',
  '-fstack-protector-strong',
  '-fno-strict-aliasing',
  '-Wall',
  '-Wextra',
  '-Wconversion',
  '-DNAPI_VERSION=8',
  '-DNODE_GYP_MODULE_NAME=wgq',
  `-I${join(here, 'src')}`,
  ...optimisation,
  ...words(process.env.CPPFLAGS),
  ...words(process.env.CXXFLAGS),
]

/** Flags to link statically, so that the addon needs only the C library; some systems lack the archives. */
export const staticRuntime = ['-static-libgcc', '-static-libstdc++']

/**
 * Flags of the link. zig's linker has no --exclude-libs; it hides statically linked symbols already.
 * @param {string[]} cxx
 * @param {boolean} linux
 */
export const linkFlags = ([program], linux) => [
  '-shared',
  '-pthread',
  ...(linux ? ['-Wl,-z,relro,-z,now,-z,noexecstack'] : []),
  ...(linux && !/(^|\/)zig$/.test(program) ? ['-Wl,--exclude-libs,ALL'] : []),
  ...words(process.env.LDFLAGS),
]
