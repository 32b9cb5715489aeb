// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

// The direction of design §2: what each package may import. Nothing may import cli.
const allowed: Record<string, readonly string[]> = {
  model: [],
  config: ['model'],
  keys: ['model'],
  // A device's public key follows from its private key; the UAPI carries only the latter.
  uapi: ['model', 'keys'],
  native: [],
  netlink: ['model', 'native'],
  backends: ['model', 'config', 'keys', 'uapi', 'netlink', 'native'],
  dataplane: ['model', 'keys', 'uapi', 'native'],
  quick: ['model', 'config', 'keys', 'uapi', 'netlink', 'backends'],
  cli: ['model', 'config', 'keys', 'uapi', 'netlink', 'backends', 'quick', 'dataplane'],
}

const packagesDir = join(import.meta.dirname, '../../packages')

const sources = (dir: string): string[] =>
  readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? sources(join(dir, entry.name))
      : /\.(ts|mjs)$/.test(entry.name)
        ? [join(dir, entry.name)]
        : [],
  )

describe('imports run one way', () => {
  test('every package folder has a rule', () => {
    expect(readdirSync(packagesDir).sort()).toEqual(Object.keys(allowed).sort())
  })

  for (const [name, may] of Object.entries(allowed)) {
    test(`${name} declares and imports only ${may.join(', ') || 'nothing of ours'}`, () => {
      const manifest = JSON.parse(readFileSync(join(packagesDir, name, 'package.json'), 'utf8'))
      const declared = Object.keys(manifest.dependencies ?? {})
        .filter((dependency) => dependency.startsWith('@wgq/'))
        .map((dependency) => dependency.slice('@wgq/'.length))
      expect(declared.filter((dependency) => !may.includes(dependency))).toEqual([])
      const wrong = sources(join(packagesDir, name, 'src')).flatMap((file) =>
        [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'@wgq\/([a-z]+)\//g)]
          .map((match) => match[1] as string)
          .filter((target) => target !== name && !declared.includes(target))
          .map((target) => `${file} imports @wgq/${target}`),
      )
      expect(wrong).toEqual([])
    })
  }
})
