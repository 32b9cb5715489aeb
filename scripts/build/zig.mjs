// SPDX-License-Identifier: MIT
// The C++ cross compiler: zig, whose clang comes with the headers and C libraries of Linux (glibc of any age, musl) and
// of the BSDs. PyPI's package `ziglang` contains it, so only pip is needed.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cache = join(dirname(fileURLToPath(import.meta.url)), '../../.cache')

/** The pinned release, and the checksums of its wheels for Linux on x86-64 and arm64. */
export const zigVersion = '0.17.1'
const requirement = `ziglang==${zigVersion} \\
  --hash=sha256:ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54 \\
  --hash=sha256:b7c5f02fccd40f89b999ee16a1f5ddced56e6182370f8affe494bcf8a28cf07e
`

/**
 * Path of zig, installed into `.cache/zig-VERSION` on first use (100 MB to fetch, 500 MB on disk). Throws an Error that
 * names what is missing if it cannot be installed.
 * @returns {string}
 */
export const zig = () => {
  const folder = join(cache, `zig-${zigVersion}`)
  const program = join(folder, 'ziglang/zig')
  if (existsSync(program)) return program
  mkdirSync(cache, { recursive: true })
  const fresh = mkdtempSync(join(cache, 'zig-new-'))
  try {
    process.stderr.write(`zig: installing ${zigVersion} (100 MB, once)\n`)
    writeFileSync(join(fresh, 'requirements.txt'), requirement)
    const pip = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--no-compile',
      '--no-deps',
    ]
    execFileSync(
      'python3',
      [...pip, '--require-hashes', '--target', fresh, '-r', join(fresh, 'requirements.txt')],
      { stdio: ['ignore', 'inherit', 'pipe'], env: { ...process.env, PIP_ROOT_USER_ACTION: 'ignore' } },
    )
    if (!existsSync(program)) renameSync(fresh, folder) // another process may have been faster
  } catch (error) {
    if (!existsSync(program))
      throw new Error(
        `zig ${zigVersion} could not be installed with python3 -m pip (Debian: apt-get install python3-pip): ${String(error.stderr || error.message).trim()}`,
      )
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  return program
}

/**
 * Environment for running zig: its own cache of compiled C libraries is kept in `.cache`, not in the home folder.
 * @returns {NodeJS.ProcessEnv}
 */
export const zigEnvironment = () => ({ ...process.env, ZIG_GLOBAL_CACHE_DIR: join(cache, 'zig-global') })
