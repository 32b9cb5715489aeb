// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const sources = join(import.meta.dirname, '..')
const compiler = ['c++', 'g++', 'clang++'].find((name) => spawnSync(name, ['--version']).status === 0)
const openssl = [join(process.execPath, '../../include/node'), '/usr/include/node', '/usr/include'].find(
  (folder) => existsSync(join(folder, 'openssl/evp.h')),
)
const whyNot = !compiler ? 'no C++ compiler' : !openssl ? 'no OpenSSL headers' : undefined
if (whyNot) console.log(`skipped: the addon's part for the BSDs is not compiled: ${whyNot}`)

// What build.mjs compiles where the system is not Linux. This shows that nothing of it depends on Linux being there; it
// cannot show that the headers of a BSD have everything else.
const portable = ['addon.cc', ...['napi', 'system'].flatMap((folder) => list(folder))]

function list(folder: string): string[] {
  return readdirSync(join(sources, folder))
    .filter((file) => file.endsWith('.cc'))
    .map((file) => `${folder}/${file}`)
}

test.skipIf(whyNot).each(portable)('%s compiles without Linux', (file) => {
  const headers = createRequire(import.meta.url)('node-api-headers').include_dir as string
  const { status, stderr } = spawnSync(
    compiler as string,
    [
      ...['-std=c++20', '-fsyntax-only', '-Wall', '-Wextra', '-DNAPI_VERSION=8'],
      ...[
        '-U__linux__',
        '-U__linux',
        '-Ulinux',
        `-I${sources}`,
        '-isystem',
        headers,
        '-isystem',
        openssl as string,
      ],
      join(sources, file),
    ],
    { encoding: 'utf8' },
  )
  expect(stderr).toBe('')
  expect(status).toBe(0)
})
