// SPDX-License-Identifier: MIT
// Bundles the programs into dist/lib (CommonJS: an ES module costs 12 ms more to start on Node 20) and writes the
// launchers into dist/bin. Compiling code that a run does not need is most of the cost of a start. So modules that the
// files in `lateImporters` import() become separate files, loaded on demand, and all other verbs are bundled by their
// group in the command table.

import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { lateBuiltins } from './late-builtins.mjs'
import { launcher } from './launcher.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const lib = join(root, 'dist/lib')
const bin = join(root, 'dist/bin')
const { version, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
mkdirSync(bin, { recursive: true })

const entries = {
  wgq: 'packages/cli/src/bin/wgq.ts',
  wgqd: 'packages/cli/src/bin/wgqd.ts',
}
const lateImporters = [
  'packages/cli/src/bin/wgq.ts',
  'packages/cli/src/say-usage.ts',
  'packages/cli/src/verbs/show.ts',
  'packages/cli/src/verbs/set.ts',
  'packages/backends/src/devices.ts',
  'packages/cli/src/staying.ts',
  'packages/cli/src/options.ts',
  'packages/cli/src/verbs/wg-quick.ts',
]

// The group of each verb in the command table, repeated in bin/verbs.ts: `verb: () => import(…), // group`.
const verbTables = ['main', 'verbs'].map((name) => join(root, `packages/cli/src/bin/${name}.ts`))
const verbImport = /\bimport\('\.\.\/verbs\/([a-z-]+)\.ts'\)(?=, \/\/ ([a-z]+)$)/gm
/** Verbs in separate files: those of wg-quick. */
const lateVerbs = new Set(['wg-quick', 'up', 'down', 'save'])
const familyOf = new Map(
  verbTables.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(verbImport)].flatMap(([, verb, group]) =>
      lateVerbs.has(verb) ? [] : [[verb, `${group}-verbs`]],
    ),
  ),
)

/** In these tables, import() of a verb becomes a property of its family, whose module is initialised when it is read. */
const verbFamilies = {
  name: 'verb-families',
  setup(builder) {
    builder.onLoad({ filter: /\/cli\/src\/bin\/(main|verbs)\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: readFileSync(path, 'utf8').replaceAll(verbImport, (whole, verb) =>
        lateVerbs.has(verb) ? whole : `Promise.resolve(require('./${familyOf.get(verb)}.cjs')['${verb}'])`,
      ),
    }))
    builder.onResolve({ filter: /^\.\/[a-z]+-verbs\.cjs$/ }, ({ path }) => ({ path, external: true }))
  },
}

/**
 * yargs measures the width of text only for its own help, which wgq does not use; the tables cost 30 ms at each start.
 * Loaded from a bundle, it reads the current folder, to look for a package.json there, and fails if that folder was
 * removed.
 */
const plainYargs = {
  name: 'plain-yargs',
  setup(builder) {
    builder.onResolve({ filter: /^string-width$/ }, () => ({
      path: join(root, 'scripts/build/plain-width.mjs'),
    }))
    builder.onLoad({ filter: /\/yargs\/lib\/platform-shims\/esm\.mjs$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
      const contents = text.replace('mainFilename || process.cwd()', "mainFilename || '/'")
      if (contents === text) throw new Error(`${path} is not the file that is known here`)
      return { contents, loader: 'js' }
    })
  },
}

/** Absolute source of a late bundle → the name of its file. */
const late = new Map()
for (const importer of lateImporters) {
  for (const [, path] of readFileSync(join(root, importer), 'utf8').matchAll(/\bimport\('(\.[^']+)'\)/g)) {
    const source = join(root, dirname(importer), path)
    late.set(source, basename(path, '.ts'))
  }
}
late.set(join(root, 'packages/cli/src/verbs/wg-quick.ts'), 'wg-quick')
// The daemon's part for the BSDs: headers of four kernels, which Linux never reads.
late.set(join(root, 'packages/dataplane/src/daemon/systems/bsd.ts'), 'bsd-data-plane')
const lateBundles = (isLate = () => true) => ({
  name: 'late-bundles',
  setup(builder) {
    builder.onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
      const name = kind === 'dynamic-import' ? late.get(join(resolveDir, path)) : undefined
      return name && isLate(name) ? { path: `./${name}.cjs`, external: true } : undefined
    })
  },
})
/**
 * Modules that few runs of a family need are separate files: the data plane, the option parser. Not the other systems:
 * their errors are recognised by class, and two files would have two copies of it.
 */
const rarelyNeeded = lateBundles((name) =>
  /^(?:up|down|save|strip|serve-here|parse-options|open-kernel)$/.test(name),
)

const oldestNode = engines.node.slice('>='.length)
const [oldestMajor, oldestMinor] = oldestNode.split('.').map(Number)
const refusal = `(function (found) {
  if (found[0] > ${oldestMajor} || (found[0] === ${oldestMajor} && found[1] >= ${oldestMinor})) return;
  console.error(String(process.argv[2]).replace(/^.*[/]/, '') + ': Node.js ${oldestNode} or newer is needed, found ' + process.versions.node + ' (' + process.execPath + '); install a newer one, or set WGQ_NODE to its path');
  process.exit(1);
})(process.versions.node.split('.').map(Number));`

const common = {
  absWorkingDir: root,
  outdir: lib,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // import() of a bundle becomes require(): the ES module loader costs 3 ms more.
  supported: { 'dynamic-import': false },
  define: {
    'process.env.WGQ_VERSION': JSON.stringify(version),
    'import.meta.dirname': '__dirname',
    'import.meta.url': 'importMetaUrl',
  },
  inject: [join(root, 'scripts/build/import-meta-url.mjs')],
  external: ['netlink'],
  alias: { 'node:module': join(root, 'scripts/build/own-module.mjs') },
  // Halves the text to read at each start; names stay.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'linked',
  logLevel: 'warning',
  metafile: true,
}
const familyBundles = [...new Set(familyOf.values())].map((family) =>
  build({
    ...common,
    outdir: undefined,
    outfile: join(lib, `${family}.cjs`),
    plugins: [lateBuiltins, plainYargs, rarelyNeeded],
    stdin: {
      resolveDir: join(root, 'packages/cli/src/bin'),
      contents: `module.exports = {
        ${[...familyOf]
          .filter(([, its]) => its === family)
          .map(([verb]) => `get '${verb}'() { return require('../verbs/${verb}.ts') },`)
          .join('\n')}
      }`,
    },
  }),
)
// An older Node must be able to parse these two, so that it can report that it is too old.
const programs = build({
  ...common,
  target: 'node12',
  banner: { js: refusal },
  plugins: [lateBuiltins, verbFamilies, lateBundles()],
  entryPoints: Object.entries(entries).map(([out, input]) => ({ out, in: join(root, input) })),
})
const lateOnes = build({
  ...common,
  plugins: [lateBuiltins, plainYargs, verbFamilies, lateBundles()],
  entryPoints: [...late].map(([input, out]) => ({ out, in: input })).filter((entry) => existsSync(entry.in)),
})

// Lists the third-party code in the bundles, for the licences and the bill of materials of a release.
const built = await Promise.all([programs, lateOnes, ...familyBundles])
const outputs = built.flatMap(({ metafile }) => Object.values(metafile.outputs))
const written = new Set(
  built.flatMap(({ metafile }) => Object.keys(metafile.outputs).map((path) => basename(path))),
)
for (const file of readdirSync(lib)) if (/\.cjs\b/.test(file) && !written.has(file)) rmSync(join(lib, file))
const inputs = new Set(outputs.flatMap((output) => Object.keys(output.inputs)))
writeFileSync(
  join(root, 'dist/bundled-sources.json'),
  `${JSON.stringify([...inputs].sort(), undefined, 1)}\n`,
)

// Rename it into place: a running daemon keeps its mapped file.
const addon = join(root, 'packages/native/build/wgq.node')
if (existsSync(addon)) {
  copyFileSync(addon, join(lib, 'wgq.node.new'))
  renameSync(join(lib, 'wgq.node.new'), join(lib, 'wgq.node'))
}

for (const [name, program] of Object.entries({ wgq: 'wgq', wg: 'wgq', 'wg-quick': 'wgq', wgqd: 'wgqd' })) {
  writeFileSync(join(bin, name), launcher(program))
  chmodSync(join(bin, name), 0o755)
}
