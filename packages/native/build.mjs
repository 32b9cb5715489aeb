// SPDX-License-Identifier: MIT
// Builds the addon with the C++ compiler alone: no node-gyp, no download. Node-API and OpenSSL resolve from the node
// binary when the addon is loaded, so nothing is linked but the C++ runtime. Silent and quick when nothing changed.
//
//   node packages/native/build.mjs [--sanitize[=thread]]      CXX and CXXFLAGS are honoured

import { execFile, execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
// [name of the build, sanitizer, flags of its own]; GCC cannot check fences between threads and warns of each.
const [name, sanitizer, sanitizerFlags] = process.argv.includes('--sanitize=thread')
  ? ['wgq-tsan', 'thread', ['-Wno-tsan']]
  : process.argv.includes('--sanitize')
    ? ['wgq-asan', 'address,undefined', ['-fno-sanitize-recover=undefined']]
    : ['wgq', undefined, []]
const objects = join(here, 'build', name)
const addon = join(here, 'build', `${name}.node`)
const linux = process.platform === 'linux'

const fail = (message) => {
  process.stderr.write(`native: ${message}\n`)
  process.exit(1)
}

const compiler = () => {
  for (const candidate of [process.env.CXX, 'c++', 'g++', 'clang++'].filter(Boolean)) {
    try {
      execFileSync(candidate, ['--version'], { stdio: 'ignore' })
      return candidate
    } catch {
      // try the next name
    }
  }
  return fail('no C++ compiler found (tried c++, g++, clang++); on Debian: apt-get install g++')
}

const nodeApiHeaders = () => {
  try {
    return createRequire(join(here, '../../package.json'))('node-api-headers').include_dir
  } catch {
    return fail('the package node-api-headers is missing; run scripts/setup')
  }
}

const opensslHeaders = () => {
  const prefix = join(dirname(process.execPath), '..')
  const folders = [join(prefix, 'include/node'), '/usr/include', '/usr/local/include', '/usr/pkg/include']
  return (
    folders.find((folder) => existsSync(join(folder, 'openssl/evp.h'))) ??
    fail(`no openssl/evp.h in ${folders.join(', ')}; on Debian: apt-get install libssl-dev`)
  )
}

// What belongs to one system stands in a folder of its name; the engine needs Linux interfaces throughout, and the
// handshakes that `noise` is for need the engine.
const skipped = new Set(['fixtures', ...(linux ? ['bsd'] : ['linux', 'engine', 'noise'])])
const sourcesUnder = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : sourcesUnder(path)
    return entry.name.endsWith('.cc') ? [path] : []
  })

const flags = (includes) => [
  '-std=c++20',
  '-fPIC',
  '-pthread',
  '-fvisibility=hidden',
  '-fstack-protector-strong',
  '-fno-strict-aliasing',
  '-Wall',
  '-Wextra',
  '-Wconversion',
  '-Werror',
  '-DNAPI_VERSION=8',
  '-DNODE_GYP_MODULE_NAME=wgq',
  ...includes.flatMap((folder) => ['-isystem', folder]),
  `-I${join(here, 'src')}`,
  ...(sanitizer
    ? ['-g', '-O1', '-fno-omit-frame-pointer', `-fsanitize=${sanitizer}`, ...sanitizerFlags]
    : ['-O3', '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2']),
  ...(process.env.CXXFLAGS?.split(' ').filter(Boolean) ?? []),
]

const linkFlags = [
  '-shared',
  '-pthread',
  ...(sanitizer ? [`-fsanitize=${sanitizer}`] : ['-static-libgcc', '-static-libstdc++']),
  ...(linux ? ['-Wl,-z,relro,-z,now,-z,noexecstack', '-Wl,--exclude-libs,ALL'] : []),
]

const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0)

/** The files an object was made of, from the compiler's own list. */
const prerequisites = (depfile) =>
  readFileSync(depfile, 'utf8')
    .replace(/\\\n/g, ' ')
    .replace(/^[^:]*:/, '')
    .split(/\s+/)
    .filter(Boolean)

const current = (object, stamp) => {
  const depfile = object.replace(/\.o$/, '.d')
  const built = modified(object)
  if (!built || !existsSync(depfile) || built < modified(stamp)) return false
  return prerequisites(depfile).every((path) => modified(path) && modified(path) <= built)
}

const run = (command, args) =>
  new Promise((resolve) => {
    execFile(command, args, { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error) {
        process.stderr.write(stdout + stderr)
        fail(`${command} failed on ${args.at(-1)}`)
      }
      resolve()
    })
  })

const sources = sourcesUnder(join(here, 'src'))
mkdirSync(objects, { recursive: true })
const stamp = join(objects, 'command.txt')
const cxx = compiler()
const compileFlags = flags([nodeApiHeaders(), opensslHeaders()])
const command = JSON.stringify([cxx, compileFlags, linkFlags, process.version])
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== command) writeFileSync(stamp, command)

const units = sources.map((source) => ({
  source,
  object: join(objects, `${relative(join(here, 'src'), source).replaceAll('/', '-')}.o`),
}))
const queue = units.filter(({ object }) => !current(object, stamp))
if (queue.length > 0) process.stdout.write(`native: compiling ${queue.length} of ${units.length} files\n`)
const worker = async () => {
  for (let unit = queue.shift(); unit; unit = queue.shift()) {
    const depfile = unit.object.replace(/\.o$/, '.d')
    await run(cxx, [...compileFlags, '-MMD', '-MF', depfile, '-o', unit.object, '-c', unit.source])
  }
}
await Promise.all([worker(), worker()])

const newest = Math.max(...units.map(({ object }) => modified(object)), modified(stamp))
if (modified(addon) < newest) {
  const fresh = `${addon}.new`
  await run(cxx, [...linkFlags, '-o', fresh, ...units.map(({ object }) => object)])
  renameSync(fresh, addon) // a running process keeps the old file mapped
}
