// SPDX-License-Identifier: MIT
// Addons for other machines than this one, cross-compiled by zig: the same bytes wherever they are made.
import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeFolder, nodeVersions } from './nodes.mjs'
import { zig, zigEnvironment, zigVersion } from './zig.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

/**
 * What is made, by the ending of the npm package: the target of zig, and npm's words for the system. The oldest glibc is
 * that of the official builds of Node 20.
 */
export const prebuiltTargets = {
  'linux-x64': { target: 'x86_64-linux-gnu.2.28', os: 'linux', cpu: 'x64', libc: 'glibc' },
  'linux-arm64': { target: 'aarch64-linux-gnu.2.28', os: 'linux', cpu: 'arm64', libc: 'glibc' },
  'linux-x64-musl': { target: 'x86_64-linux-musl', os: 'linux', cpu: 'x64', libc: 'musl' },
  'linux-arm64-musl': { target: 'aarch64-linux-musl', os: 'linux', cpu: 'arm64', libc: 'musl' },
}

/**
 * Made when they are named: no such addon was loaded on a booted BSD yet, so that no package brings one. Node comes from the
 * ports there, with an OpenSSL of its own.
 */
export const bsdTargets = Object.fromEntries(
  ['freebsd', 'netbsd', 'openbsd'].flatMap((os) => [
    [`${os}-x64`, { target: `x86_64-${os}`, os, cpu: 'x64' }],
    [`${os}-arm64`, { target: `aarch64-${os}`, os, cpu: 'arm64' }],
  ]),
)

/** Made when they are named, to see that they compile: none of them was loaded anywhere yet, so that no package brings one. */
export const compiledTargets = {
  // clang has a name there by which Node's headers of OpenSSL know x32 alone.
  'linux-arm': { target: 'arm-linux-gnueabihf.2.28', os: 'linux', cpu: 'arm', flags: '-U__ILP32__' },
  'linux-riscv64': { target: 'riscv64-linux-gnu.2.28', os: 'linux', cpu: 'riscv64' },
}

/** Everything that is known by a name. */
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
      // The headers of the oldest release that is supported: what they declare, every later one has.
      `--include=${join(nodeFolder(nodeVersions[0]), 'include/node')}`,
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...zigEnvironment(),
        ...env,
        CXX: `${zig()} c++ -target ${target}`,
        CPPFLAGS: flags,
        // Names of folders of this machine do not belong into the addon; neither do symbols nobody looks up. Warnings are
        // those of the headers of musl; our own compilers look at the sources.
        CXXFLAGS: ['-w', ...maps].join(' '),
        // Those of the BSDs link an optimised C++ library only when told.
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
 * The same, built a second time: in another folder and time zone. Throws an Error where the
 * bytes are not those of the first.
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
