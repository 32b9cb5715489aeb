// SPDX-License-Identifier: MIT
// scripts/package: see there. Everything is staged below .cache/package.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { debianPackages } from './debian.mjs'
import { launcher } from './launcher.mjs'
import { npmPackages } from './npm.mjs'
import { bsdTargets, compiledTargets, prebuiltAddon, prebuiltTargets, prebuiltTwice } from './prebuilt.mjs'
import { recipes } from './recipes.mjs'
import { billOfMaterials, licenceText, thirdParty } from './third-party.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    version: { type: 'string' },
    only: { type: 'string' },
    here: { type: 'boolean' },
    again: { type: 'boolean' },
    prebuilt: { type: 'boolean' },
  },
})
const out = (folder = 'packages') => resolve(options.out ?? join(root, 'dist', folder))
/** Platforms of prebuilt addons; all by default. */
const platforms = options.only?.split(',') ?? Object.keys(prebuiltTargets)
/** Version of the packages; the programs still report that of package.json. */
const version = options.version ?? JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version

/** Timestamp of every file in seconds since 1970: SOURCE_DATE_EPOCH, else the time of the commit. */
const epoch = Number(
  process.env.SOURCE_DATE_EPOCH ??
    execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }),
)
const created = `${new Date(epoch * 1000).toISOString().slice(0, 19)}Z`

/**
 * The addon of the packages for machines like this one: built by this machine's compiler, or with --prebuilt
 * cross-compiled for its system and glibc.
 */
const ownAddon = () =>
  options.prebuilt ? prebuiltAddon(`linux-${process.arch}`) : join(root, 'dist/lib/wgq.node')

/**
 * Lays out the release in a folder and returns it; with the addon of this machine, or with its sources for `make
 * addon`.
 */
const stage = (withAddon) => {
  const folder = join(root, '.cache/package', `wgq-${version}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'lib'), { recursive: true })
  const copy = (from, to) =>
    cpSync(join(root, from), join(folder, to), { recursive: true, preserveTimestamps: false })
  for (const file of readdirSync(join(root, 'dist/lib')))
    if (/\.(cjs|txt)$/.test(file)) copy(join('dist/lib', file), join('lib', file))
  if (withAddon) cpSync(ownAddon(), join(folder, 'lib/wgq.node'))
  for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md']) copy(file, file)
  copy('packaging/Makefile', 'Makefile')
  for (const part of ['systemd', 'openrc', 'rc.d', 'completions']) copy(join('packaging', part), part)
  copy('docs/man', 'man')
  copy('docs', 'docs')
  rmSync(join(folder, 'docs/man'), { recursive: true })
  stageAddon(folder)
  for (const program of ['wgq', 'wgqd'])
    writeFileSync(join(folder, `launcher-${program}.in`), launcher(program, '@LIBDIR@', '@NODE@'))
  const packages = thirdParty(root)
  writeFileSync(join(folder, 'lib/third-party-licences.txt'), licenceText(packages))
  writeFileSync(
    join(folder, 'sbom.spdx.json'),
    `${JSON.stringify(billOfMaterials(version, packages, created), undefined, 2)}\n`,
  )
  return folder
}

/** The addon's source with the declarations it needs, so that `make addon` works without a network. */
const stageAddon = (folder) => {
  const native = join(folder, 'addon/packages/native')
  mkdirSync(native, { recursive: true })
  for (const file of ['build.mjs', 'toolchain.mjs'])
    cpSync(join(root, 'packages/native', file), join(native, file))
  cpSync(join(root, 'packages/native/src'), join(native, 'src'), {
    recursive: true,
    filter: (path) => !/\.ts$|\/(?:fixtures|testing)$/.test(path),
  })
  writeFileSync(
    join(folder, 'addon/package.json'),
    `${JSON.stringify({ name: 'wgq-addon', version, private: true })}\n`,
  )
  const headers = join(folder, 'addon/node_modules/node-api-headers')
  cpSync(join(root, 'node_modules/node-api-headers'), headers, {
    recursive: true,
    dereference: true,
    filter: (path) =>
      /^(|\/(LICENSE|package\.json|index\.js|symbols\.js|include(\/.*)?))$/.test(
        path.replace(/^.*node-api-headers/, ''),
      ),
  })
}

/** A gzipped tar archive of a folder, the same bytes for the same content. */
const archive = (folder, file) => {
  for (const path of execFileSync('find', [folder, '-type', 'f'], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean))
    chmodSync(path, /\.node$|\/rc\.d\/|\/openrc\//.test(path) ? 0o755 : 0o644)
  const tar = execFileSync(
    'tar',
    [
      '--sort=name',
      `--mtime=@${epoch}`,
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '--mode=go+rX,go-w',
      '--format=posix',
      '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
      '-cf',
      '-',
      '-C',
      dirname(folder),
      `wgq-${version}`,
    ],
    { maxBuffer: 1 << 28 },
  )
  writeFileSync(file, gzipSync(tar, { level: 9 }))
}

/** One archive for every system, with the addon as sources, and one for systems like this one. */
const tarballs = () =>
  ['', `-${process.platform}-${process.arch}`].map((system) => {
    mkdirSync(out(), { recursive: true })
    const file = join(out(), `wgq-${version}${system}.tar.gz`)
    archive(stage(system !== ''), file)
    return file
  })
const known = {
  tarball: tarballs,
  deb: () => {
    mkdirSync(out(), { recursive: true })
    return debianPackages({
      root,
      version,
      epoch,
      staged: stage(true),
      stripped: options.prebuilt,
      out: out(),
    })
  },
  prebuilt: () => platforms.map(options.again ? prebuiltTwice : prebuiltAddon),
  recipes: () => recipes({ root, out: out('recipes') }),
  npm: () =>
    npmPackages({
      root,
      version,
      out: out('npm'),
      platforms,
      ...(options.here && { addonHere: join(root, 'dist/lib/wgq.node') }),
    }),
}
const buildable = {
  ...prebuiltTargets,
  ...(wanted.includes('npm') ? {} : { ...bsdTargets, ...compiledTargets }),
}
const unknown = platforms.filter((name) => !Object.hasOwn(buildable, name))
if (unknown.length > 0) {
  process.stderr.write(
    `package: no addon for ${unknown.join(', ')}; there are: ${Object.keys(buildable).join(', ')}\n`,
  )
  process.exit(1)
}
if (wanted.length === 0 || wanted.some((name) => !(name in known))) {
  process.stderr.write(`package: say what to build: ${Object.keys(known).join(', ')}\n`)
  process.exit(1)
}
try {
  for (const name of wanted)
    for (const file of known[name]()) process.stdout.write(`${relative(root, file)}\n`)
} catch (error) {
  process.stderr.write(`package: ${error.message}\n`)
  process.exitCode = 1
}
