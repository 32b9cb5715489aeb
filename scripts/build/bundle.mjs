// SPDX-License-Identifier: MIT
// Bundles the programs into dist/lib (CommonJS: an ES module costs 12 ms more to start on Node 20, spec limit) and writes
// the launchers into dist/bin. Each entry is one file; what a verb does not need stands in another bundle, required late.

import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { launcher } from './launcher.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const lib = join(root, 'dist/lib')
const bin = join(root, 'dist/bin')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
mkdirSync(bin, { recursive: true })

const entries = {
  wgq: 'packages/cli/src/bin/wgq.ts',
  main: 'packages/cli/src/bin/main.ts',
  wgqd: 'packages/cli/src/bin/wgqd.ts',
}
await build({
  absWorkingDir: root,
  entryPoints: Object.entries(entries)
    .filter(([, input]) => existsSync(join(root, input)))
    .map(([out, input]) => ({ in: input, out })),
  outdir: lib,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  define: {
    'process.env.WGQ_VERSION': JSON.stringify(version),
    'import.meta.dirname': '__dirname',
    'import.meta.url': '__importMetaUrl',
  },
  banner: { js: "const __importMetaUrl=require('node:url').pathToFileURL(__filename).href;" },
  external: ['./main.cjs', 'netlink'],
  legalComments: 'linked',
  logLevel: 'warning',
})

// Renamed into place: a running daemon keeps the file that it has mapped.
const addon = join(root, 'packages/native/build/wgq.node')
if (existsSync(addon)) {
  copyFileSync(addon, join(lib, 'wgq.node.new'))
  renameSync(join(lib, 'wgq.node.new'), join(lib, 'wgq.node'))
}

for (const [name, program] of Object.entries({ wgq: 'wgq', wg: 'wgq', 'wg-quick': 'wgq', wgqd: 'wgqd' })) {
  writeFileSync(join(bin, name), launcher(program))
  chmodSync(join(bin, name), 0o755)
}
