// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { workspace } from './workspace.ts'

const built = new Map<string, string>()
let folder: string | undefined

/** A temporary folder for built children; removed when the process ends. */
export const childFolder = (): string => {
  if (!folder) {
    const made = mkdtempSync(join(tmpdir(), 'wgq-children-'))
    process.on('exit', () => rmSync(made, { recursive: true, force: true }))
    folder = made
  }
  return folder
}

/**
 * Path of `children/NAME.ts` as one CommonJS file that a bare `node` runs (Node 20 does not read TypeScript). Built once
 * per test process.
 */
export const childScript = (name: string): string => {
  const known = built.get(name)
  if (known) return known
  const outfile = join(childFolder(), `${name}.cjs`)
  buildSync({
    entryPoints: [join(workspace, 'test/support/children', `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    // As in the real bundle (scripts/build/bundle.mjs).
    define: { 'import.meta.dirname': '__dirname', 'import.meta.url': '__importMetaUrl' },
    banner: { js: "const __importMetaUrl=require('node:url').pathToFileURL(__filename).href;" },
    external: ['netlink'],
    logLevel: 'warning',
  })
  built.set(name, outfile)
  return outfile
}

/** Environment of a child: without variables that slow down Node's start. */
export const childEnvironment = { NODE_OPTIONS: '', NODE_EXTRA_CA_CERTS: undefined }
