// SPDX-License-Identifier: MIT
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { workspace } from '../../test/support/workspace.ts'
import type { Row } from '../benchmarks/rig/tables.ts'
import { nodeVersions } from '../build/nodes.mjs'

const readme = join(workspace, 'README.md')
const block = /(<!-- tested -->\n)(?:\|.*\n)*/

const rowsOf = (name: string): Row[] =>
  JSON.parse(readFileSync(join(workspace, 'docs/measurements', `${name}.json`), 'utf8')).rows

const group = <T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  return groups
}

/** Describes what was tested on a fresh system, from the stored rows: each installation is followed by a tunnel. */
const installed = ([system, rows]: [string, Row[]]): string => {
  const parts = [...group(rows, ({ node }) => String(node))].map(([node, its]) => {
    const what = its.map((row) => String(row['what'])).filter((text) => !text.startsWith('a tunnel'))
    return `${node === "Debian's" ? 'its own Node.js' : `Node.js ${node}`}: ${what.map(short).join(', ')}`
  })
  return `| ${system} | fresh, by [scripts/verify-install](docs/packaging.md#installing-measured); ${parts.join('; ')} |`
}

const short = (what: string): string =>
  what
    .replace('`apt install ./wgq_*.deb`', 'the package and a tunnel')
    .replace(/^`npm install .*`$/, 'npm and a tunnel')
    .replace('`scripts/setup`', 'a checkout')
    .replace('`scripts/wgq up`, `show`, `down`', '"Try it"')

/** The table of the README: from the tests' list of releases, and from the stored results of scripts/verify-*. */
export const testedTable = (): string => {
  const prebuilt = rowsOf('prebuilt').map((row) => {
    const tunnel = row['a tunnel to the daemon of x86-64']
    return `| ${row['addon']} | by [scripts/verify-prebuilt](docs/packaging.md#prebuilt-addons-and-npm): Node.js ${row['node']} run by \`${row['run by']}\`, keys, and ${tunnel} through a tunnel to an x86-64 daemon |`
  })
  return [
    '| | |',
    '|---|---|',
    `| Node.js | unit tests, recorded cases and a tunnel on ${nodeVersions.join(', ')}, by each run of the tests |`,
    ...[...group(rowsOf('install'), ({ system }) => String(system))].map(installed),
    ...prebuilt,
  ].join('\n')
}

/** Returns the README with the current table. */
export const withTested = (text: string): string =>
  text.replace(block, (_, mark: string) => `${mark}${testedTable()}\n`)

/** Rewrites the table of the README. */
export const writeTested = (): void => writeFileSync(readme, withTested(readFileSync(readme, 'utf8')))
