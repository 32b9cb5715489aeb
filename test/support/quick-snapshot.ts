// SPDX-License-Identifier: MIT
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Namespace } from './netns.ts'
import type { PrivateRun } from './private-run.ts'

/** Everything that a tunnel changes, as comparable data: the network of a namespace, its processes, its /run. */
export const snapshot = (ns: Namespace, run: PrivateRun): Record<string, unknown> => {
  const json = (...args: string[]): string[] =>
    (JSON.parse(ns.run('ip', '-j', ...args) || '[]') as unknown[]).map((item) => JSON.stringify(item)).sort()
  return {
    addresses: json('addr'),
    routes4: json('-4', 'route', 'show', 'table', 'all'),
    routes6: json('-6', 'route', 'show', 'table', 'all'),
    rules4: json('-4', 'rule'),
    rules6: json('-6', 'rule'),
    nft: ns.run('nft', 'list', 'ruleset'),
    sysctl: ns.run('sysctl', 'net.ipv4.conf.all.src_valid_mark'),
    processes: ns.pids().length,
    run: filesBelow(join(run.root, 'run')),
  }
}

const filesBelow = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length))
    .sort()
