// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { installedPackage } from '../../packages/native/src/installed-package.ts'
import { workspace } from '../support/workspace.ts'

/** What npm does not find in the packed files: taken from this workspace, so that no network is needed. */
const thirdParty = [
  ['backends', 'dns-packet'],
  ['backends', 'dns-packet', '@leichtgewicht/ip-codec'],
  ['keys', '@noble/curves'],
  ['keys', '@noble/curves', '@noble/hashes'],
  ['cli', 'qr'],
] as const

/** Folder of a dependency as pnpm installed it: of a package, or of a dependency of it. */
const installed = ([owner, ...names]: readonly string[]): string =>
  names.reduce(
    (from, name) => {
      const found = installedPackage(name, from)
      if (found === undefined) throw new Error(`${name} is not installed`)
      return realpathSync(found)
    },
    join(workspace, 'packages', owner as string),
  )

/** A project of somebody else, with packed files of ours installed. */
export class Consumer {
  readonly folder = mkdtempSync(join(tmpdir(), 'wgq-consumer-'))

  constructor(archives: readonly string[]) {
    this.write('package.json', JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
    const options = ['--offline', '--install-links', '--ignore-scripts']
    const words = ['install', ...options, ...archives, ...thirdParty.map(installed)]
    const done = spawnSync('npm', words, { cwd: this.folder, encoding: 'utf8' })
    if (done.status !== 0) throw new Error(done.stdout + done.stderr)
  }

  write(name: string, text: string): string {
    const file = join(this.folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    return file
  }

  /** Compiles the sources with our compiler; returns what it says. */
  compile(): string {
    this.write(
      'tsconfig.json',
      JSON.stringify({
        compilerOptions: {
          target: 'es2023',
          module: 'nodenext',
          strict: true,
          outDir: 'out',
          rootDir: '.',
          types: ['node'],
          typeRoots: [join(workspace, 'node_modules/@types')],
        },
        include: ['*.ts'],
      }),
    )
    return spawnSync(join(workspace, 'node_modules/.bin/tsc'), ['-p', this.folder], { encoding: 'utf8' })
      .stdout
  }

  manifest(name: string): Record<string, unknown> {
    return JSON.parse(readFileSync(join(this.folder, 'node_modules', name, 'package.json'), 'utf8'))
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
