// SPDX-License-Identifier: MIT
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { publisher } from './publisher.mjs'

/**
 * Builds wgq and wgq-compat as Debian packages from a staged release. wgq-compat provides the names `wg` and `wg-quick`
 * and replaces wireguard-tools. `stripped`: the addon has no unneeded symbols, so strip(1) is not required.
 * @returns {string[]} the files
 */
export const debianPackages = ({ root, version, epoch, staged, stripped, out }) => {
  const architecture = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim()
  const work = join(root, '.cache/package/deb')
  rmSync(work, { recursive: true, force: true })
  const main = join(work, 'wgq')
  const compat = join(work, 'wgq-compat')
  const make = (target, destination) =>
    execFileSync(
      'make',
      [
        '-s',
        '-C',
        staged,
        target,
        `DESTDIR=${destination}`,
        'PREFIX=/usr',
        'SYSCONFDIR=/etc',
        'UNITDIR=/usr/lib/systemd/system',
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    )
  make('install', main)
  make('install-docs', main)
  make('install-compat', compat)
  if (!stripped) execFileSync('strip', ['--strip-unneeded', join(main, 'usr/lib/wgq/wgq.node')])
  chmodSync(join(main, 'usr/lib/wgq/wgq.node'), 0o644)
  const common = { root, version, epoch, out }
  return [
    build({
      ...common,
      tree: main,
      control: {
        Package: 'wgq',
        Architecture: architecture,
        Depends: `nodejs (>= 20.19), libc6 (>= ${neededLibc(join(main, 'usr/lib/wgq/wgq.node'))})`,
        Suggests: 'nftables | iptables, resolvconf | systemd-resolved, wgq-compat',
        Section: 'net',
        Description:
          'WireGuard tunnels: wg, wg-quick and a userspace data plane in one program\n wgq does what wg(8) and wg-quick(8) do, as one program that needs no other\n tools, and more: it reloads a tunnel without disturbing its sessions, checks\n configuration files, says why a tunnel does not work, and takes back exactly\n what it did. Where the kernel has no WireGuard driver it brings its own.',
      },
    }),
    build({
      ...common,
      tree: compat,
      control: {
        Package: 'wgq-compat',
        Architecture: 'all',
        Depends: `wgq (>= ${version})`,
        // The release with the same behaviour: other packages depend on its versions.
        Provides: `wireguard-tools (= ${upstream})`,
        Conflicts: 'wireguard-tools',
        Replaces: 'wireguard-tools',
        Section: 'net',
        Description:
          'names wg and wg-quick for wgq\n wgq behaves as wg(8) and wg-quick(8) do when it is called by their names.\n This package provides these names, in the place of wireguard-tools.',
      },
    }),
  ]
}

/** The newest version of the C library that the addon needs, from its symbol versions. */
const neededLibc = (addon) =>
  [...readFileSync(addon, 'latin1').matchAll(/GLIBC_2\.(\d+)\b/g)]
    .map(([, minor]) => Number(minor))
    .reduce((most, minor) => Math.max(most, minor), 0)
    .toString()
    .replace(/^/, '2.')

/** The release of WireGuard's tools that wgq behaves like. */
const upstream = '1.0.20260223'

/** Overrides for lintian, each with its reason. */
const overrides = {
  wgq: `# Private keys: nobody but root may list it.
wgq: non-standard-dir-perm 0700 != 0755 [etc/wireguard/]
# wgq.target stops all tunnels at once; wgq-watch@ follows the tunnel that it serves.
wgq: systemd-service-file-refers-to-unusual-wantedby-target wgq.target*
wgq: systemd-service-file-refers-to-unusual-wantedby-target wgq@%i.service*
wgq: systemd-service-file-refers-to-unusual-wantedby-target wgq-run@%i.service*
wgq: systemd-service-file-refers-to-unusual-wantedby-target wg-quick@%i.service*
`,
  'wgq-compat': `# As in wireguard-tools.
wgq-compat: systemd-service-file-refers-to-unusual-wantedby-target wg-quick.target*
`,
}

const build = ({ root, version, epoch, out, tree, control }) => {
  const name = control.Package
  const { name: person, email, homepage } = publisher(['name', 'email'])
  const maintainer = `${person} <${email}>`
  const doc = join(tree, 'usr/share/doc', name)
  mkdirSync(doc, { recursive: true })
  writeFileSync(join(doc, 'copyright'), copyright(root))
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000')
  const changes = `wgq (${version}) unstable; urgency=medium\n\n  * See CHANGELOG.md of the source.\n\n -- ${maintainer}  ${date}\n`
  writeFileSync(join(doc, 'changelog.gz'), gzipSync(changes, { level: 9 }))
  const lintian = join(tree, 'usr/share/lintian/overrides')
  mkdirSync(lintian, { recursive: true })
  writeFileSync(join(lintian, name), overrides[name])
  const manuals = join(tree, 'usr/share/man')
  for (const file of walk(manuals)) {
    writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }))
    rmSync(file)
  }
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true })
  for (const [script, text] of Object.entries(maintainerScripts(name))) {
    writeFileSync(join(tree, 'DEBIAN', script), text)
    chmodSync(join(tree, 'DEBIAN', script), 0o755)
  }
  const kib = Math.ceil(walk(tree).reduce((sum, file) => sum + readFileSync(file).length, 0) / 1024)
  const fields = {
    ...control,
    Version: version,
    'Installed-Size': kib,
    Priority: 'optional',
    Maintainer: maintainer,
    ...(homepage && { Homepage: homepage }),
  }
  const { Description: description, ...rest } = fields
  writeFileSync(
    join(tree, 'DEBIAN/control'),
    `${Object.entries(rest)
      .map(([field, value]) => `${field}: ${value}`)
      .join('\n')}\nDescription: ${description}\n`,
  )
  const sums = execFileSync(
    'sh',
    ['-c', "find . -type f ! -path './DEBIAN/*' -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' md5sum"],
    { cwd: tree, encoding: 'utf8' },
  )
  writeFileSync(join(tree, 'DEBIAN/md5sums'), sums)
  for (const path of [join(tree, 'DEBIAN/control'), join(tree, 'DEBIAN/md5sums')]) chmodSync(path, 0o644)
  execFileSync(
    'sh',
    [
      '-c',
      'find . -type d -exec chmod 755 {} + && if [ -d etc/wireguard ]; then chmod 700 etc/wireguard; fi && find . -type f ! -path "./DEBIAN/*" ! -path "./usr/bin/*" -exec chmod 644 {} +',
    ],
    { cwd: tree },
  )
  const file = join(out, `${name}_${version}_${control.Architecture}.deb`)
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', tree, file], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
  })
  return file
}

const walk = (folder) => {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  } catch {
    return []
  }
}

const copyright = (root) => `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: wgq

Files: *
Copyright: 2026 the wgq authors
License: MIT

License: MIT
${readFileSync(join(root, 'LICENSE'), 'utf8')
  .split('\n')
  .slice(4)
  .map((line) => (line.trim() === '' ? ' .' : ` ${line}`))
  .join('\n')
  .replace(/( \.\n?)+$/, '')}

Files: usr/lib/wgq/*.cjs
Copyright: the authors named in /usr/lib/wgq/third-party-licences.txt
License: MIT
`

/**
 * Makes systemd reload its units; a purge removes shared folders only if they are empty. The compile cache of other
 * releases is removed as useless.
 */
const maintainerScripts = (name) => ({
  postinst: `#!/bin/sh
set -e
${name === 'wgq' ? 'rm -rf /var/cache/wgq/*\n' : ''}if [ "$1" = configure ] && [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload >/dev/null || true
fi
`,
  postrm: `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload >/dev/null 2>&1 || true
fi
${name === 'wgq' ? 'case $1 in remove | purge) rm -rf /var/cache/wgq ;; esac\nif [ "$1" = purge ]; then\n  rmdir /etc/wireguard 2>/dev/null || true\n  rm -rf /run/wgq 2>/dev/null || true\n  rmdir /run/wireguard 2>/dev/null || true\nfi\n' : ''}`,
})
