// SPDX-License-Identifier: MIT
// Addons for other machines, cross-compiled by zig: the same bytes on every build machine.
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeFolder, nodeVersions } from './nodes.mjs'
import { zig, zigEnvironment, zigVersion } from './zig.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

/**
 * The targets by suffix of the npm package: zig's target, and npm's names of the system. The oldest glibc is that of
 * the official builds of Node 20.
 */
export const prebuiltTargets = {
  'linux-x64': { target: 'x86_64-linux-gnu.2.28', os: 'linux', cpu: 'x64', libc: 'glibc' },
  'linux-arm64': { target: 'aarch64-linux-gnu.2.28', os: 'linux', cpu: 'arm64', libc: 'glibc' },
  'linux-x64-musl': { target: 'x86_64-linux-musl', os: 'linux', cpu: 'x64', libc: 'musl' },
  'linux-arm64-musl': { target: 'aarch64-linux-musl', os: 'linux', cpu: 'arm64', libc: 'musl' },
}

/**
 * Built only on request: no such addon has been loaded on a booted BSD yet, so no package contains one. Node comes from
 * the ports there, with its own OpenSSL.
 */
export const bsdTargets = Object.fromEntries(
  ['freebsd', 'netbsd', 'openbsd'].flatMap((os) => [
    [`${os}-x64`, { target: `x86_64-${os}`, os, cpu: 'x64' }],
    [`${os}-arm64`, { target: `aarch64-${os}`, os, cpu: 'arm64' }],
  ]),
)

/** Built only on request, to check that they compile: none has been loaded anywhere yet, so no package contains one. */
export const compiledTargets = {
  // There clang defines a macro that Node's OpenSSL headers take to mean x32.
  'linux-arm': { target: 'arm-linux-gnueabihf.2.28', os: 'linux', cpu: 'arm', flags: '-U__ILP32__' },
  'linux-riscv64': { target: 'riscv64-linux-gnu.2.28', os: 'linux', cpu: 'riscv64' },
}

/** All targets by name. */
const targets = { ...prebuiltTargets, ...bsdTargets, ...compiledTargets }

/** Compiles the addon of a target from the sources below a folder, and returns its file there. */
const compile = (folder, name, env = {}) => {
  const { target, os, flags = '' } = targets[name]
  const built = `prebuilt-${name}`
  const maps = [...new Set([root, folder])].map((path) => `-ffile-prefix-map=${path}=.`)
  const done = spawnSync(
    process.execPath,
    [
      join(folder, 'packages/native/build.mjs'),
      `--name=${built}`,
      `--system=${os}`,
      // The headers of the oldest supported release: every later one has all their declarations.
      `--include=${join(nodeFolder(nodeVersions[0]), 'include/node')}`,
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...zigEnvironment(),
        ...env,
        CXX: `${zig()} c++ -target ${target}`,
        CPPFLAGS: flags,
        // The addon must not contain folder names of this machine or unneeded symbols. Warnings are off because of
        // musl's headers; other builds check the sources.
        CXXFLAGS: ['-w', ...maps].join(' '),
        // The BSD targets link an optimised C++ library only with -O2.
        LDFLAGS: os === 'linux' ? '-Wl,-s' : '-O2 -Wl,-s',
      },
    },
  )
  if (done.status !== 0) throw new Error(`the addon for ${name} could not be built with zig ${zigVersion}`)
  return join(folder, 'packages/native/build', `${built}.node`)
}

/**
 * Builds the addon of a target and returns its file below `dist/prebuilt`. Unchanged sources are not compiled again; the
 * first build of a target compiles zig's C++ library too (a minute).
 * @param {string} name a key of prebuiltTargets, bsdTargets or compiledTargets
 * @returns {string}
 */
export const prebuiltAddon = (name) => {
  const file = join(root, 'dist/prebuilt', name, 'wgq.node')
  const fresh = compile(root, name)
  mkdirSync(dirname(file), { recursive: true })
  if (!existsSync(file) || !readFileSync(file).equals(readFileSync(fresh))) copyFileSync(fresh, file)
  return file
}

/**
 * The same, built a second time in another folder and time zone. Throws an Error if the bytes differ from the first
 * build.
 * @param {string} name as for prebuiltAddon
 * @returns {string}
 */
export const prebuiltTwice = (name) => {
  const file = prebuiltAddon(name)
  const folder = mkdtempSync(join(root, '.cache/again-'))
  try {
    const native = join(folder, 'packages/native')
    for (const part of ['src', 'build.mjs', 'toolchain.mjs'])
      cpSync(join(root, 'packages/native', part), join(native, part), { recursive: true })
    const again = compile(folder, name, { TZ: 'Asia/Tokyo', LC_ALL: 'C' })
    if (!readFileSync(again).equals(readFileSync(file)))
      throw new Error(`the addon for ${name} has other bytes when it is made again`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return file
}
