// SPDX-License-Identifier: MIT
// Addons for other machines than this one, cross-compiled by zig: the same bytes wherever they are made.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
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

/**
 * Builds the addon of a target and returns its file below `dist/prebuilt`. Unchanged sources are not compiled again; the
 * first build of a target compiles zig's C++ library too (a minute).
 * @param {string} name a key of prebuiltTargets, bsdTargets or compiledTargets
 * @returns {string}
 */
export const prebuiltAddon = (name) => {
  const { target, os, flags = '' } = prebuiltTargets[name] ?? bsdTargets[name] ?? compiledTargets[name]
  const built = `prebuilt-${name}`
  const done = spawnSync(
    process.execPath,
    [
      join(root, 'packages/native/build.mjs'),
      `--name=${built}`,
      `--system=${os}`,
      // The headers of the oldest release that is supported: what they declare, every later one has.
      `--include=${join(nodeFolder(nodeVersions[0]), 'include/node')}`,
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...zigEnvironment(),
        CXX: `${zig()} c++ -target ${target}`,
        CPPFLAGS: flags,
        // Names of folders of this machine do not belong into the addon; neither do symbols nobody looks up. Warnings are
        // those of the headers of musl; our own compilers look at the sources.
        CXXFLAGS: `-w -ffile-prefix-map=${root}=.`,
        // Those of the BSDs link an optimised C++ library only when told.
        LDFLAGS: os === 'linux' ? '-Wl,-s' : '-O2 -Wl,-s',
      },
    },
  )
  if (done.status !== 0) throw new Error(`the addon for ${name} could not be built with zig ${zigVersion}`)
  const file = join(root, 'dist/prebuilt', name, 'wgq.node')
  const fresh = join(root, 'packages/native/build', `${built}.node`)
  mkdirSync(dirname(file), { recursive: true })
  if (!existsSync(file) || !readFileSync(file).equals(readFileSync(fresh))) copyFileSync(fresh, file)
  return file
}
