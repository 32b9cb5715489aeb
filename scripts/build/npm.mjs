// SPDX-License-Identifier: MIT
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { launcher } from './launcher.mjs'
import { libraryPackages } from './libraries.mjs'
import { prebuiltAddon, prebuiltTargets } from './prebuilt.mjs'
import { licenceText, thirdParty } from './third-party.mjs'

const programs = ['wgq', 'wg', 'wg-quick', 'wgqd']

/**
 * Builds the npm packages: `wgq` with the programs, one package per platform with its addon, of which npm installs the
 * matching one (`os`, `cpu`, `libc`), and the libraries `@wgq/*`. No package has an install script; npm's archives have
 * no timestamps.
 * @param {{ root: string, version: string, out: string, platforms?: readonly (keyof typeof prebuiltTargets)[],
 *   addonHere?: string }} options
 *   `addonHere` is put into them in place of the cross-compiled addons
 * @returns {string[]} the files
 */
export const npmPackages = ({ root, version, out, platforms = Object.keys(prebuiltTargets), addonHere }) => {
  const { license, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const common = { version, license, engines }
  const stage = (name, manifest) => {
    const folder = join(root, '.cache/package/npm', name)
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    writeFileSync(
      join(folder, 'package.json'),
      `${JSON.stringify({ name, ...common, ...manifest }, undefined, 2)}\n`,
    )
    cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
    return folder
  }
  const pack = (folders) => {
    const words = ['pack', '--silent', '--ignore-scripts', `--pack-destination=${out}`, ...folders]
    const names = execFileSync('npm', words, { encoding: 'utf8' }).trim().split('\n')
    return names.map((name) => join(out, name))
  }

  const main = stage('wgq', {
    description: 'WireGuard tunnels: wg, wg-quick and a userspace data plane in one program',
    keywords: ['wireguard', 'wg', 'wg-quick', 'vpn', 'tunnel'],
    os: ['linux', 'freebsd', 'openbsd', 'netbsd'],
    bin: Object.fromEntries(programs.map((name) => [name, `bin/${name}`])),
    files: ['bin', 'lib', 'man', 'CHANGELOG.md'],
    man: manualPages(root).map((page) => `./man/${page}`),
    optionalDependencies: Object.fromEntries(
      Object.keys(prebuiltTargets).map((name) => [`wgq-${name}`, version]),
    ),
  })
  for (const file of ['README.md', 'CHANGELOG.md']) cpSync(join(root, file), join(main, file))
  for (const page of manualPages(root)) cpSync(join(root, 'docs/man', page), join(main, 'man', page))
  for (const file of readdirSync(join(root, 'dist/lib')))
    if (/\.(cjs|txt)$/.test(file)) cpSync(join(root, 'dist/lib', file), join(main, 'lib', file))
  writeFileSync(join(main, 'lib/third-party-licences.txt'), licenceText(thirdParty(root)))
  mkdirSync(join(main, 'bin'))
  for (const name of programs) {
    writeFileSync(join(main, 'bin', name), launcher(name === 'wgqd' ? 'wgqd' : 'wgq'))
    chmodSync(join(main, 'bin', name), 0o755)
  }

  const addons = platforms.map((name) => {
    const { os, cpu, libc } = prebuiltTargets[name]
    const folder = stage(`wgq-${name}`, {
      description: `The native addon of wgq for ${name}`,
      os: [os],
      cpu: [cpu],
      libc: [libc],
      main: 'wgq.node',
      files: ['wgq.node'],
    })
    cpSync(addonHere ?? prebuiltAddon(name), join(folder, 'wgq.node'))
    writeFileSync(
      join(folder, 'README.md'),
      `# wgq-${name}\n\nThe native addon of wgq for ${name}; install \`wgq\`.\n`,
    )
    return folder
  })
  mkdirSync(out, { recursive: true })
  return pack([main, ...addons, ...libraryPackages({ root, version, stage })])
}

const manualPages = (root) => readdirSync(join(root, 'docs/man')).filter((page) => /\.[58]$/.test(page))
