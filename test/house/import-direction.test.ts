// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

// What each package may import. Nothing may import cli.
const allowed: Record<string, readonly string[]> = {
  model: [],
  config: ['model'],
  keys: ['model'],
  // A device's public key follows from its private key; the UAPI carries only the latter.
  uapi: ['model', 'keys'],
  native: [],
  netlink: ['model', 'native'],
  dns: ['model'],
  firewall: ['model', 'config', 'netlink'],
  backends: ['model', 'config', 'keys', 'uapi', 'netlink', 'native'],
  dataplane: ['model', 'keys', 'uapi', 'netlink', 'native'],
  quick: ['model', 'config', 'keys', 'uapi', 'netlink', 'dns', 'firewall', 'backends'],
  cli: ['model', 'config', 'keys', 'uapi', 'netlink', 'dns', 'firewall', 'backends', 'quick', 'dataplane'],
}

const root = join(import.meta.dirname, '../..')
const filesOf = (directory: string): string[] =>
  readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = `${directory}/${entry.name}`
    if (entry.name === 'node_modules' || path === 'packages/native/build') return []
    if (entry.isDirectory()) return filesOf(path)
    return /(?<!\.d)\.m?ts$|\.[cm]js$/.test(entry.name) ? [path] : []
  })
/** Path from the root → text. */
const sources = new Map(
  ['packages', 'scripts', 'test']
    .flatMap(filesOf)
    .map((file) => [file, readFileSync(join(root, file), 'utf8')]),
)
/** Sources that only tests, benchmarks and builds read: doubles of a machine, helpers of tests. */
const isForTests = (file: string) =>
  !file.startsWith('packages/') ||
  /\.test\.ts$|\/(testing|fixtures|twin)\/|\/(testing|replay-socket|[a-z]+-twin)\.ts$/.test(file)

/**
 * What `import … from 'X'` and `export … from 'X'` name; with `late`, import('X'), require('X') and installedPackage('X', …)
 * as well.
 */
const importsOf = (text: string, late: boolean): string[] =>
  [
    ...text.matchAll(
      late
        ? /(?:\bfrom|\bimport|\b(?:import|require|installedPackage)\s*\()\s*'([^'\n]+)'/g
        : /^(?:import|export|\})[^'\n]*\bfrom '([^'\n]+)'/gm,
    ),
  ].map(([, name]) => name as string)

describe('imports run one way', () => {
  const manifest = (name: string) =>
    JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Record<string, object>
  const declaredBy = (name: string) =>
    Object.keys({ ...manifest(name)['dependencies'], ...manifest(name)['optionalDependencies'] })

  test('every package folder has a rule', () => {
    expect(readdirSync(join(root, 'packages')).sort()).toEqual(Object.keys(allowed).sort())
  })

  for (const [name, may] of Object.entries(allowed)) {
    const imported = [...sources]
      .filter(([file]) => file.startsWith(`packages/${name}/src/`) && !isForTests(file))
      .flatMap(([, text]) => importsOf(text, true))
      .filter((target) => !/^(\.|node:)/.test(target))
      .map((target) => /^(@[^/]+\/)?[^/]+/.exec(target)?.[0] as string)
      .filter((target) => target !== `@wgq/${name}`)

    test(`${name} imports only ${may.join(', ') || 'nothing of ours'}`, () => {
      const ours = declaredBy(name).flatMap((target) => /^@wgq\/(.*)/.exec(target)?.[1] ?? [])
      expect(ours.filter((target) => !may.includes(target))).toEqual([])
    })

    test(`${name} declares the packages that it imports, and no other`, () => {
      expect([...new Set(imported)].sort()).toEqual(declaredBy(name).sort())
    })
  }
})

// Session, System and Run are one description in three files: each names the others as types.
const described: Record<string, readonly string[]> = {
  'packages/quick/src/systems/system.ts': ['packages/quick/src/session.ts', 'packages/quick/src/run/run.ts'],
}

test('no file imports itself through others', () => {
  const target = (from: string, name: string): string | undefined => {
    const path = /^@wgq\/([a-z]+)\/(.*)$/.exec(name)
    if (path) return `packages/${path[1]}/src/${path[2]}.ts`
    return name.startsWith('.') ? relative(root, join(root, from, '..', name)) : undefined
  }
  const next = new Map(
    [...sources].map(([file, text]) => [
      file,
      importsOf(text, false)
        .flatMap((name) => target(file, name) ?? [])
        .filter((name) => !described[file]?.includes(name)),
    ]),
  )
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file)
    if (at >= 0) circles.push([...path.slice(at), file].join(' → '))
    if (at >= 0 || done.has(file)) return
    for (const other of next.get(file) ?? []) visit(other, [...path, file])
    done.add(file)
  }
  for (const file of sources.keys()) visit(file, [])
  expect(circles).toEqual([])
})

test('every export is imported, and what a program exports is not for tests alone', () => {
  /** Word → file → how often. */
  const uses = new Map<string, Map<string, number>>()
  // What the guide for programmers shows is for other programs.
  const guide = 'docs/guides/library.md'
  for (const [file, text] of [...sources, [guide, readFileSync(join(root, guide), 'utf8')] as const]) {
    for (const word of text.match(/[\w$]+/g) ?? []) {
      const files = uses.get(word) ?? new Map<string, number>()
      uses.set(word, files.set(file, (files.get(file) ?? 0) + 1))
    }
  }
  const found: string[] = []
  for (const [file, text] of sources) {
    for (const [, name = ''] of text.matchAll(
      /^export (?:declare |abstract |async )*(?:const|let|function\*?|class|interface|type) ([\w$]+)/gm,
    )) {
      const users = [...(uses.get(name)?.keys() ?? [])].filter((other) => other !== file)
      const usedHere = (uses.get(name)?.get(file) ?? 0) > 1
      if (users.length === 0) found.push(`${file}: ${name} is used in its own file only: drop its export`)
      else if (!usedHere && !isForTests(file) && users.every((user) => /\.test\.ts$/.test(user)))
        found.push(`${file}: only tests use ${name}`)
    }
  }
  expect(found).toEqual([])
})
