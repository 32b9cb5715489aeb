// SPDX-License-Identifier: MIT
// Builds the addon with the C++ compiler alone: no node-gyp, no download. Node-API and OpenSSL resolve from the node
// binary when the addon is loaded, so only the C++ runtime is linked. Silent and quick when nothing changed.
//
//   node packages/native/build.mjs [--sanitize[=thread]]      CXX, CPPFLAGS, CXXFLAGS and LDFLAGS are honoured
//
// build/wgq.node is what is shipped. build/wgq-testing.node adds parts of the engine for the tests; so do sanitizer
// builds and, with --testing, all other builds.
//
// For cross compilation, with CXX for the target: --name=NAME makes build/NAME.node, --system=SYSTEM selects the
// sources (linux, freebsd, openbsd, netbsd), --include=DIRECTORY contains node_api.h and openssl/.

import { execFile } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import {
  compileFlags,
  compilerVersion,
  findCompiler,
  headerFlags,
  linkFlags,
  staticRuntime,
} from './toolchain.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const argument = { type: 'string' }
// --sanitize has an optional value, which parseArgs does not support.
const { values: options } = parseArgs({
  args: process.argv.slice(2).map((word) => (word === '--sanitize' ? '--sanitize=address' : word)),
  options: {
    sanitize: argument,
    name: argument,
    system: argument,
    include: argument,
    testing: { type: 'boolean' },
  },
})
const builds = {
  // GCC cannot check fences between threads and warns about each.
  thread: { name: 'wgq-tsan', flags: ['-fsanitize=thread'], own: ['-Wno-tsan'] },
  address: {
    name: 'wgq-asan',
    flags: ['-fsanitize=address,undefined'],
    own: ['-fno-sanitize-recover=undefined'],
  },
}
const sanitizer = builds[options.sanitize]
const name = options.name ?? sanitizer?.name ?? 'wgq'
const linux = (options.system ?? process.platform) === 'linux'
const objects = join(here, 'build', name)

const fail = (message) => {
  process.stderr.write(`native: ${message}\n`)
  process.exit(1)
}

// Sources for one system are in a folder of its name.
const skipped = new Set(['fixtures', 'testing', linux ? 'bsd' : 'linux'])
const sourcesUnder = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : sourcesUnder(path)
    return entry.name.endsWith('.cc') ? [path] : []
  })

const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0)

/** The files that an object depends on, from the compiler's own list. */
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

/** Runs the compiler; if it fails, returns its output. */
const compile = ([program, ...first], args) =>
  new Promise((resolve) => {
    execFile(program, [...first, ...args], { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (!error && stderr) process.stderr.write(stderr)
      resolve(error ? stdout + stderr || error.message : undefined)
    })
  })

/** What may be wrong with the compiler: one that is too old fails in the middle of a source. */
const compilerHint = () =>
  `; this is ${compilerVersion(cxx)}. It must compile C++20: g++ 12 and clang 14, and newer ones, do (CXX names another compiler)`

const cxx =
  findCompiler() ??
  fail(
    process.env.CXX
      ? `CXX=${process.env.CXX} does not run; set CXX to a C++20 compiler, or unset it to use c++, g++ or clang++`
      : 'no C++ compiler found (tried c++, g++, clang++); on Debian: apt-get install g++',
  )
const flagsOfHeaders = () => {
  try {
    return headerFlags(cxx, options.include)
  } catch (error) {
    return fail(error.message)
  }
}
const flags = [
  ...flagsOfHeaders(),
  ...compileFlags(
    sanitizer
      ? ['-g', '-O1', '-fno-omit-frame-pointer', ...sanitizer.flags, ...sanitizer.own]
      : ['-O3', '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2'],
  ),
]
const linking = [...linkFlags(cxx, linux), ...(sanitizer?.flags ?? [])]
const stamp = join(objects, 'command.txt')
const command = JSON.stringify([cxx, flags, linking, process.version])
try {
  mkdirSync(objects, { recursive: true })
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== command) writeFileSync(stamp, command)
} catch (error) {
  fail(
    `the addon is built in a folder that cannot be written: ${error.message}; build it in a copy of your own`,
  )
}

const unit = (source) => ({
  source,
  object: join(objects, `${relative(join(here, 'src'), source).replaceAll('/', '-')}.o`),
})
const ownUnits = sourcesUnder(join(here, 'src')).map(unit)
// The archive for packages contains no tests.
const testing = join(here, 'src/testing')
const buildsTests = existsSync(testing) && (options.testing || sanitizer || options.name === undefined)
const testUnits = buildsTests ? sourcesUnder(testing).map(unit) : []
const units = [...ownUnits, ...testUnits]
// The tests' addon gets these functions from src/testing/refused-cipher.cc.
const refusable = ['EVP_EncryptInit_ex', 'EVP_EncryptUpdate', 'EVP_EncryptFinal_ex', 'EVP_CIPHER_CTX_ctrl']
const withTests = units.filter(({ source }) => source !== join(here, 'src/addon.cc'))
const addons =
  options.testing || sanitizer
    ? [[name, withTests]]
    : [[name, ownUnits], ...(buildsTests ? [[`${name}-testing`, withTests]] : [])]
const queue = units.filter(({ object }) => !current(object, stamp))
const total = queue.length
if (total > 0) {
  process.stdout.write(`native: compiling ${total} of ${units.length} files\n`)
  // For clang-tidy, and for editors that use clangd.
  const commands = units.map(({ source }) => ({
    directory: here,
    file: source,
    arguments: [...cxx, ...flags, '-c', source],
  }))
  writeFileSync(join(objects, 'compile_commands.json'), `${JSON.stringify(commands, null, 1)}\n`)
}
let finished = 0
/** Shows progress in one line on a terminal: a full build takes a minute. */
const count = () => {
  finished++
  if (process.stdout.isTTY)
    process.stdout.write(`\rnative: compiled ${finished} of ${total}${finished === total ? '\n' : ''}`)
}
const strict = process.env.WGQ_WARNINGS_AS_ERRORS ? ['-Werror'] : []
const worker = async () => {
  for (let next = queue.shift(); next; next = queue.shift()) {
    const depfile = next.object.replace(/\.o$/, '.d')
    const words = [...flags, ...strict, '-MMD', '-MF', depfile, '-o', next.object, '-c', next.source]
    const failure = await compile(cxx, words)
    if (failure) fail(`${failure}\nnative: ${cxx.join(' ')} failed on ${next.source}${compilerHint()}`)
    count()
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, worker))

for (const [addonName, parts] of addons) {
  const addon = join(here, 'build', `${addonName}.node`)
  const newest = Math.max(...parts.map(({ object }) => modified(object)), modified(stamp))
  if (modified(addon) >= newest) continue
  const fresh = `${addon}.new`
  const wrapped = parts === withTests && buildsTests ? refusable.map((name) => `-Wl,--wrap=${name}`) : []
  const words = [...linking, ...wrapped, '-o', fresh, ...parts.map(({ object }) => object)]
  // A sanitizer brings its own runtime. Without a static C++ library the shared one is used.
  const failure = sanitizer
    ? await compile(cxx, words)
    : (await compile(cxx, [...staticRuntime, ...words])) && (await compile(cxx, words))
  if (failure) fail(`${failure}\nnative: the addon could not be linked`)
  renameSync(fresh, addon) // a running process keeps the old file mapped
}
