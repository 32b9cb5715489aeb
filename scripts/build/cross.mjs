// SPDX-License-Identifier: MIT
// scripts/build/cross [TARGET…]: see there.
import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { compileFlags, headerFlags } from '../../packages/native/toolchain.mjs'
import { zig, zigEnvironment, zigVersion } from './zig.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const native = join(root, 'packages/native')
const cache = join(root, '.cache/cross')

/** The default targets: each BSD on the two common processors. */
export const crossTargets = ['freebsd', 'netbsd', 'openbsd'].flatMap((system) =>
  ['x86_64', 'aarch64'].map((processor) => `${processor}-${system}`),
)

/** Headers of Node-API and OpenSSL alone: the rest of /usr/include belongs to this machine. */
const headers = () => {
  const folder = join(cache, 'include')
  if (existsSync(join(folder, 'openssl/evp.h'))) return folder
  const openssl = [
    join(dirname(process.execPath), '../include/node'),
    '/usr/include/node',
    '/usr/include',
  ].find((each) => existsSync(join(each, 'openssl/evp.h')))
  if (!openssl) throw new Error('openssl/evp.h is missing; on Debian: apt-get install libssl-dev')
  const fresh = `${folder}.new`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { recursive: true })
  const copy = (from, to) => cpSync(from, to, { recursive: true, dereference: true })
  copy(createRequire(join(root, 'package.json'))('node-api-headers').include_dir, fresh)
  copy(join(openssl, 'openssl'), join(fresh, 'openssl'))
  // Debian has a separate folder for processor-specific headers.
  for (const other of readdirSync('/usr/include').filter((name) => name.endsWith('-linux-gnu')))
    if (!existsSync(join(fresh, 'openssl/configuration.h')) && existsSync(`/usr/include/${other}/openssl`))
      copy(`/usr/include/${other}/openssl`, join(fresh, 'openssl'))
  renameSync(fresh, folder)
  return folder
}

/** A program that runs the C++ compiler for a target, for use as CXX. */
const compilerFor = (target) => {
  const file = join(cache, `c++-${target}`)
  writeFileSync(file, `#!/bin/sh\nexec ${zig()} c++ -target ${target} "$@"\n`, { mode: 0o755 })
  return file
}

/** A checksum over all inputs of an addon. */
const contentSum = () => {
  const sum = createHash('sha256').update(zigVersion).update(process.versions.openssl)
  const take = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) take(path)
      else if (/\.(cc|h|mjs)$/.test(entry.name)) sum.update(relative(root, path)).update(readFileSync(path))
    }
  }
  take(join(native, 'src'))
  for (const file of ['build.mjs', 'toolchain.mjs']) sum.update(readFileSync(join(native, file)))
  sum.update(readFileSync(fileURLToPath(import.meta.url)))
  return sum.digest('hex').slice(0, 16)
}

/**
 * Compiles and links the addon for a target such as `x86_64-freebsd`, warnings as errors; reuses a build of the same
 * sources from .cache/cross. Returns its path. Throws an Error with the compiler's output.
 * @param {string} target
 * @returns {Promise<string>}
 */
export const buildCross = async (target) => {
  const kept = join(cache, contentSum(), `wgq-${target}.node`)
  if (existsSync(kept)) return kept
  const name = `wgq-${target}`
  const failure = await new Promise((resolve) => {
    execFile(
      process.execPath,
      [
        join(native, 'build.mjs'),
        `--name=${name}`,
        `--system=${target.split('-')[1]}`,
        `--include=${headers()}`,
      ],
      {
        env: {
          ...zigEnvironment(),
          // clang's -Wconversion, unlike GCC's, also warns of signedness.
          CXX: compilerFor(target),
          CXXFLAGS: '-Wno-sign-conversion',
          LDFLAGS: '-O2 -s',
          WGQ_WARNINGS_AS_ERRORS: '1',
        },
        maxBuffer: 1 << 26,
      },
      (error, stdout, stderr) => resolve(error ? `${stdout}${stderr}` || error.message : undefined),
    )
  })
  if (failure) throw new Error(`${target}: ${failure}`)
  mkdirSync(dirname(kept), { recursive: true })
  renameSync(join(native, 'build', `${name}.node`), kept)
  return kept
}

/** The sources in which the systems differ. */
const differing = [
  ...['bsd/privileges', 'bsd/route-socket', 'system/source', 'system/stream-listener', 'system/system'],
  ...['control-messages', 'endpoint', 'outbound', 'received-batch', 'tun-writer', 'udp-sockets'].map(
    (name) => `engine/${name}`,
  ),
]

/**
 * Compiles the sources in which the systems differ for a target, warnings as errors, and discards the output: takes a
 * twentieth of the time of {@link buildCross}. Throws an Error with the compiler's output.
 * @param {string} target
 */
export const compileDiffering = async (target) => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-cross-'))
  const include = headers()
  const words = [
    ...['c++', '-target', target, ...headerFlags([], include), ...compileFlags(['-O0'])],
    ...['-Wno-sign-conversion', '-Werror', '-c', '-o', join(folder, 'object.o')],
  ]
  try {
    for (const name of differing) {
      const source = join(native, 'src', `${name}.cc`)
      await promisify(execFile)(zig(), [...words, source], { env: zigEnvironment(), maxBuffer: 1 << 26 })
    }
  } catch (error) {
    throw new Error(`${target}: ${error.stderr || error.message}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The symbols that a shared library needs from others and from the program that loads it. */
export const wantedSymbols = (file) =>
  execFileSync('nm', ['-D', '--undefined-only', file], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*[UwV] (\S+?)(@.*)?$/.exec(line)?.[1])
    .filter(Boolean)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.slice(2)
  try {
    for (const target of wanted.length > 0 ? wanted : crossTargets)
      process.stdout.write(`${relative(root, await buildCross(target))}\n`)
  } catch (error) {
    process.stderr.write(`cross: ${error.message}\n`)
    process.exit(1)
  }
}
