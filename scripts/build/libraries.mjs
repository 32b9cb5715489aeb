// SPDX-License-Identifier: MIT
// The packages `@wgq/*` for other programs: JavaScript and declarations, compiled from all sources at once.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { prebuiltTargets } from './prebuilt.mjs'

/** All packages but the command line, which is the package `wgq`. */
const names = [
  'model',
  'config',
  'keys',
  'uapi',
  'netlink',
  'native',
  'dns',
  'firewall',
  'backends',
  'quick',
  'dataplane',
]

/** Files only for tests. */
const forTests = /\.test\.|(^|\/)(testing|fixtures|twin)(\/|\.)|-twin\./

/**
 * Lays out the library packages and returns their folders. Throws an Error if the sources do not compile.
 * @param {{ root: string, version: string, stage: (name: string, manifest: object) => string }} options
 *   `stage` makes the folder of a package with its manifest
 * @returns {string[]}
 */
export const libraryPackages = ({ root, version, stage }) => {
  const emitted = join(root, '.cache/package/emitted')
  rmSync(emitted, { recursive: true, force: true })
  const tsconfig = join(root, '.cache/package/libraries.json')
  mkdirSync(dirname(tsconfig), { recursive: true })
  writeFileSync(
    tsconfig,
    JSON.stringify({
      extends: '../../tsconfig.json',
      compilerOptions: {
        noEmit: false,
        noEmitOnError: true,
        declaration: true,
        allowImportingTsExtensions: false,
        rewriteRelativeImportExtensions: true,
        rootDir: '../../packages',
        outDir: emitted,
        typeRoots: ['../../node_modules/@types'],
      },
      include: names.map((name) => `../../packages/${name}/src`),
      exclude: ['*.test.ts', 'testing', 'fixtures', 'twin'].map((part) => `../../packages/**/${part}`),
    }),
  )
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', tsconfig], { stdio: ['ignore', 2, 'inherit'] })
  return names.map((name) => library({ root, version, stage, name, from: join(emitted, name, 'src') }))
}

const library = ({ root, version, stage, name, from }) => {
  const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
  const files = readdirSync(from, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(js|d\.ts)$/.test(file) && !forTests.test(file))
    .sort()
  const modules = files.filter((file) => file.endsWith('.js')).map((file) => file.slice(0, -'.js'.length))
  const exported = modules.filter((module) => !module.startsWith('browser/'))
  const exact = (versions = {}) =>
    Object.fromEntries(
      Object.entries(versions).map(([dependency, its]) => [
        dependency,
        its.startsWith('workspace:') ? version : its,
      ]),
    )
  const folder = stage(manifest.name, {
    description: manifest.description,
    type: 'module',
    sideEffects: false,
    exports: Object.fromEntries(
      exported.map((module) => [
        `./${module}`,
        {
          types: `./lib/${module}.d.ts`,
          ...(modules.includes(`browser/${module}`) && { browser: `./lib/browser/${module}.js` }),
          default: `./lib/${module}.js`,
        },
      ]),
    ),
    // Files with a browser version, which other files of the package import.
    ...(modules.some((module) => module.startsWith('browser/')) && {
      browser: Object.fromEntries(
        modules
          .filter((module) => module.startsWith('browser/'))
          .map((module) => [`./lib/${module.slice('browser/'.length)}.js`, `./lib/${module}.js`]),
      ),
    }),
    files: ['lib'],
    dependencies: exact(manifest.dependencies),
    ...(name === 'native' && {
      optionalDependencies: Object.fromEntries(
        Object.keys(prebuiltTargets).map((target) => [`wgq-${target}`, version]),
      ),
    }),
    // Their install scripts compile code: users install them only if they want them.
    ...(manifest.optionalDependencies && {
      peerDependencies: manifest.optionalDependencies,
      peerDependenciesMeta: Object.fromEntries(
        Object.keys(manifest.optionalDependencies).map((dependency) => [dependency, { optional: true }]),
      ),
    }),
  })
  for (const file of files) {
    const to = join(folder, 'lib', file)
    mkdirSync(dirname(to), { recursive: true })
    if (file.endsWith('.js')) cpSync(join(from, file), to)
    // The compiler leaves the names of sources in declarations.
    else writeFileSync(to, readFileSync(join(from, file), 'utf8').replace(relativeTs, "$1.js'"))
  }
  const own = join(root, 'packages', name, 'README.md')
  if (existsSync(own)) cpSync(own, join(folder, 'README.md'))
  else
    writeFileSync(
      join(folder, 'README.md'),
      `# ${manifest.name}\n\nPart of wgq: ${manifest.description}. docs/guides/library.md of wgq says how it is used.\n`,
    )
  return folder
}

const relativeTs = /((?:from|import\() ?'\.[^']*)\.ts'/g
