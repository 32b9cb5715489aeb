// SPDX-License-Identifier: MIT
// Other releases of Node than the one of this machine, from npm's packages `node-SYSTEM-ARCH`: for the tests on every
// supported release, and for the headers that prebuilt addons are compiled with.
//
//   node scripts/build/nodes.mjs VERSION [ARCH]     prints the path of its binary
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cache = join(dirname(fileURLToPath(import.meta.url)), '../../.cache')

/** The releases that are tested: the oldest that is supported, and the newest of each line after it. */
export const nodeVersions = ['20.19.0', '22.23.5', '24.19.0', '26.12.1']

/**
 * Folder of a release of Node for Linux (bin/node, include/node), fetched into `.cache` on first use (50 MB).
 * Throws an Error where npm cannot fetch it.
 * @param {string} version
 * @param {string} [arch] x64 or arm64
 * @returns {string}
 */
export const nodeFolder = (version, arch = 'x64') => {
  const folder = join(cache, `node-${version}-${arch}`)
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  const fresh = mkdtempSync(join(cache, 'node-new-'))
  try {
    process.stderr.write(`nodes: fetching Node.js ${version} for ${arch}\n`)
    const pack = ['pack', '--silent', `--pack-destination=${fresh}`, `node-linux-${arch}@${version}`]
    const archive = execFileSync('npm', pack, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
    execFileSync('tar', ['-xzf', join(fresh, archive.trim()), '-C', fresh])
    if (!existsSync(folder)) renameSync(join(fresh, 'package'), folder)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  return folder
}

// Not if this file is part of a bundle.
if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[1].endsWith('nodes.mjs')) {
  const [version, arch] = process.argv.slice(2)
  if (!version) throw new Error('say which version')
  process.stdout.write(`${join(nodeFolder(version, arch), 'bin/node')}\n`)
}
