// SPDX-License-Identifier: MIT

import { openDevices } from '@wgq/backends/devices'
import { openHost, openHostInside } from '@wgq/backends/host'
import { cipherCode } from '@wgq/dataplane/daemon/cipher-code'
import type { Device, Peer } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import type { Host } from '@wgq/model/host'
import { runDirectory } from '@wgq/quick/run/directory'
import { readJournal } from '@wgq/quick/run/journal'
import { type Painter, painterFor, type Style } from '../colour.ts'
import type { Handler } from '../command.ts'
import { withCounters } from '../device-counters.ts'
import { checkHandshake, checkLink, checkLoop, checkMtu, checkRoutes, outerWays } from '../doctor/checks.ts'
import type { Finding } from '../doctor/finding.ts'
import { checkNames } from '../doctor/name-resolution.ts'
import { describePath, packetPath } from '../doctor/packet-path.ts'
import { chosenInterfaces, nameMap, namesOf, readIfThere } from '../observe/tunnels.ts'
import { lastValue, type ParsedArguments, parseArguments } from '../options.ts'
import { writeOut } from '../output.ts'

/** Exit status when a problem was found. */
const foundProblem = 3

interface Diagnosis {
  readonly interface: string
  readonly findings: readonly Finding[]
}

/** wgq doctor [IF…] [--json] [--to ADDRESS]: looks at tunnels and says what is wrong with them; changes nothing. */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const devices = openDevices()
  const host = await openHost()
  try {
    const found: Device[] = []
    const missing: string[] = []
    for (const name of await chosenInterfaces(devices, parsed.operands)) {
      const device = await readIfThere(devices, name)
      if (device) found.push(await withCounters(device))
      else missing.push(name)
    }
    const to = lastValue(parsed, 'to')
    if (to !== undefined) return await follow(host, found, to, parsed)
    const diagnoses: Diagnosis[] = missing.map((name) => ({ interface: name, findings: [notThere(name)] }))
    for (const device of found)
      diagnoses.push({ interface: device.name, findings: await examineInPlace(host, device) })
    writeOut(
      parsed.flags.has('json')
        ? `${JSON.stringify(diagnoses, undefined, 2)}\n`
        : report(diagnoses, await painterFor(1)),
    )
    return diagnoses.some(({ findings }) => findings.some(({ status }) => status === 'problem'))
      ? foundProblem
      : 0
  } finally {
    host.close()
  }
}

const notThere = (name: string): Finding => ({
  check: 'device',
  status: 'problem',
  message: `there is no WireGuard interface ${name}`,
  hint: `wgq up ${name} brings it up; \`wgq show interfaces\` lists what is there`,
})

/** Looks at the interface where `wgq up --netns` put it. */
const examineInPlace = async (host: Host, device: Device): Promise<Finding[]> => {
  const into = readJournal(runDirectory, device.name)?.into
  if (into === undefined) return examine(device, host, host)
  const inside = await openHostInside(into)
  try {
    return await examine(device, host, inside, `/etc/netns/${into}/resolv.conf`)
  } finally {
    inside.close()
  }
}

/** `outside` is where encrypted packets leave, `host` where the interface lives and names are asked as `resolvConf` says. */
const examine = async (
  device: Device,
  outside: Host,
  host: Host,
  resolvConf?: string,
): Promise<Finding[]> => {
  const names = nameMap(namesOf(device.name))
  const label = ({ publicKey }: Peer) => `peer ${names.get(publicKey) ?? `${publicKey.slice(0, 12)}…`}`
  const link = await host.link(device.name)
  const addresses = link ? await host.addresses(device.name) : []
  const ways = await outerWays(outside, device)
  const nowSeconds = Math.floor(Date.now() / 1000)
  return [
    dataPlane(device, link?.kind),
    ...(device.counters ? cipher() : []),
    ...checkLink(link, device, addresses.length),
    ...(device.privateKey || device.publicKey ? [] : [noKey]),
    ...(device.peers.length === 0
      ? [noPeers]
      : device.peers.map((peer) => checkHandshake(peer, label(peer), nowSeconds))),
    ...checkLoop(ways, device, label),
    ...(link ? await checkMtu(outside, ways, device, link) : []),
    ...(link ? await checkRoutes(host, device, label) : []),
    ...(await checkNames(host, device, resolvConf)),
  ]
}

const noKey: Finding = {
  check: 'key',
  status: 'problem',
  message: 'no private key is set: nothing is sent or answered',
  hint: 'set PrivateKey in the [Interface] section; `wgq genkey` makes one',
}
const noPeers: Finding = {
  check: 'peers',
  status: 'warning',
  message: 'there are no peers',
  hint: 'add a [Peer] section',
}

const dataPlane = (device: Device, kind: string | undefined): Finding => ({
  check: 'data-plane',
  status: 'info',
  message:
    kind === 'wireguard'
      ? `${device.name} is driven by the kernel`
      : device.counters
        ? `${device.name} is driven by wgqd, the data plane that is built in: the kernel has no WireGuard driver, or was not asked`
        : `${device.name} is driven by a userspace daemon`,
})

/** The daemon runs under the same Node as this program. */
const cipher = (): Finding[] => {
  const { direct, text } = cipherCode()
  return direct
    ? []
    : [
        {
          check: 'data-plane',
          status: 'info',
          message: `the cryptography of packets is ${text}`,
          hint: 'the official builds of Node.js, and those of npm, export them',
        },
      ]
}

const follow = async (
  host: Host,
  devices: readonly Device[],
  to: string,
  parsed: ParsedArguments,
): Promise<number> => {
  const path = await packetPath(host, devices, to)
  if (!path) throw new WgqError('E_USAGE', `--to takes an IPv4 or IPv6 address, found ${JSON.stringify(to)}`)
  writeOut(
    parsed.flags.has('json')
      ? `${JSON.stringify({ ...path, peer: path.peer?.publicKey }, undefined, 2)}\n`
      : `${describePath(path).join('\n')}\n`,
  )
  return path.route ? 0 : foundProblem
}

const marks: Record<Finding['status'], string> = { ok: '✓', info: '·', warning: '!', problem: '✗' }

const styles: Record<Finding['status'], Style> = {
  ok: 'green',
  info: 'dim',
  warning: 'yellow',
  problem: 'red',
}

const report = (diagnoses: readonly Diagnosis[], paint: Painter): string => {
  if (diagnoses.length === 0) return 'There are no WireGuard interfaces.\n'
  return diagnoses
    .map(
      ({ interface: name, findings }) =>
        `${paint('bold', name)}\n${findings.map((finding) => line(finding, paint)).join('')}`,
    )
    .join('\n')
}

const line = ({ status, message, hint }: Finding, paint: Painter): string => {
  const advice = hint === undefined || status === 'ok' ? '' : `      ${hint}\n`
  return `  ${paint(styles[status], marks[status])} ${message}\n${advice}`
}
