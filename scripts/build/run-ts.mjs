// SPDX-License-Identifier: MIT
// node run-ts.mjs FILE.ts [ARG…]: bundles a TypeScript program into .cache/ and runs it (Node 20 cannot strip types).
import { spawnSync } from 'node:child_process'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const [file = '', ...args] = process.argv.slice(2)
const outfile = join(root, '.cache/programs', basename(file).replace(/\.ts$/, '.mjs'))
await build({
  absWorkingDir: root,
  entryPoints: [resolve(file)],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  external: [],
  alias: {},
  logLevel: 'warning',
  // Our own packages are TypeScript sources and are bundled; everything else is resolved at run time.
  plugins: [
    {
      name: 'own-packages',
      setup(builder) {
        builder.onResolve({ filter: /^@wgq\// }, ({ path }) => {
          const [, name, ...rest] = path.split('/')
          return { path: join(root, 'packages', name, 'src', `${rest.join('/')}.ts`) }
        })
      },
    },
  ],
  define: { 'import.meta.dirname': JSON.stringify(dirname(resolve(file))) },
})
const run = spawnSync(process.execPath, [outfile, ...args], { stdio: 'inherit', env: process.env })
process.exit(run.status ?? 1)
