// SPDX-License-Identifier: MIT
// Reads values from the headers of a BSD by compiling, and checks given values against them.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { zig, zigEnvironment } from '../zig.mjs'
import { facts, targets } from './facts.mjs'

/** Every fact of a system as [name, C expression]. */
const expressions = (system) => {
  const { structs, numbers } = facts[system]
  return [
    ...Object.entries(structs).flatMap(([struct, fields]) => [
      [`${struct}.size`, `sizeof(struct ${struct})`],
      ...fields.map((field) => [`${struct}.${field}`, `offsetof(struct ${struct}, ${field})`]),
    ]),
    ...numbers.map((name) => [name, `(unsigned int)(${name})`]),
    ['pointer.size', 'sizeof(void *)'],
    ['size_t.size', 'sizeof(size_t)'],
    ['long.size', 'sizeof(long)'],
    ['time_t.size', 'sizeof(time_t)'],
    ['little_endian', '__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__'],
  ]
}

const program = (system, lines) =>
  `${[...facts[system].headers.map((header) => `#include <${header}>`), ...lines].join('\n')}\n`

// Only clang: zig's own driver would compile the C library of each system first.
const compile = (system, architecture, text, words) => {
  const [target, folder] = targets[system][architecture]
  const lib = join(dirname(zig()), 'lib')
  const include = [
    join(lib, 'include'),
    join(lib, 'libc/include', folder),
    join(lib, 'libc/include', `generic-${system}`),
  ]
  return spawnSync(
    zig(),
    [
      ...['clang', `--target=${target}`, '-nostdinc', ...include.flatMap((each) => ['-isystem', each])],
      ...['-D_NETBSD_SOURCE', '-w', '-x', 'c', '-', ...words],
    ],
    { input: text, encoding: 'utf8', env: zigEnvironment(), maxBuffer: 1 << 26 },
  )
}

/**
 * The facts of one system on one architecture, by name (`wg_peer_io.size`, `wg_peer_io.p_pka` for an offset,
 * `SIOCSWG`). Throws an Error with the compiler's output.
 */
export const readHeaders = (system, architecture) => {
  const all = expressions(system)
  // As constants in LLVM's text form: no code is generated, so that every architecture works.
  const { status, stdout, stderr } = compile(
    system,
    architecture,
    program(
      system,
      all.map(([, expression], i) => `const unsigned long long wgq_${i} = ${expression};`),
    ),
    ['-S', '-emit-llvm', '-O0', '-o', '-'],
  )
  if (status !== 0) throw new Error(`${system} ${architecture}: ${stderr}`)
  const values = new Map(
    [...stdout.matchAll(/^@wgq_([0-9]+) = .*constant i64 (-?[0-9]+)/gm)].map(([, i, value]) => [
      Number(i),
      Number(value),
    ]),
  )
  return Object.fromEntries(
    all.map(([name], i) => [name, values.get(i) ?? missing(system, architecture, name)]),
  )
}

const missing = (system, architecture, name) => {
  throw new Error(`${system} ${architecture}: no value of ${name} in the compiler's output`)
}

/** Checks `values` by static assertions; returns the names of wrong ones, empty if all are right. */
export const wrongFacts = (system, architecture, values) => {
  const all = expressions(system).filter(([name]) => values[name] !== undefined)
  const { status, stderr } = compile(
    system,
    architecture,
    program(
      system,
      all.map(([name, expression]) => `_Static_assert((${expression}) == ${values[name]}u, "wgq:${name}");`),
    ),
    ['-fsyntax-only', '-ferror-limit=0'],
  )
  const wrong = [...stderr.matchAll(/"?wgq:([A-Za-z0-9_.]+)/g)].map(([, name]) => name)
  if (status !== 0 && wrong.length === 0) throw new Error(`${system} ${architecture}: ${stderr}`)
  return [...new Set(wrong)]
}
