// SPDX-License-Identifier: MIT

import { openDevices } from '@wgq/backends/devices'
import { openHost, openHostInside } from '@wgq/backends/host'
import type { Device, DeviceAccess } from '@wgq/model/device'
import { isWgqError, WgqError } from '@wgq/model/error'
import type { Host } from '@wgq/model/host'
import { visible } from '@wgq/model/shown'
import { runDirectory } from '@wgq/quick/run/directory'
import { readJournal } from '@wgq/quick/run/journal'
import { allJournals } from '@wgq/quick/run/journal-files'
import { type Painter, painterFor, type Style } from '../colour.ts'
import type { Handler } from '../command.ts'
import { withCounters } from '../device-counters.ts'
import { examine } from '../doctor/examine.ts'
import type { Finding } from '../doctor/finding.ts'
import { describePath, packetPath, pathJson } from '../doctor/packet-path.ts'
import { checkRenamed } from '../doctor/renamed.ts'
import { jsonText } from '../json-text.ts'
import { chosenInterfaces, readIfThere } from '../observe/tunnels.ts'
import { oneValue, type ParsedArguments, parseArguments } from '../options.ts'
import { writeOut } from '../output.ts'

/** Exit status if a problem was found. */
const foundProblem = 3

interface Diagnosis {
  readonly interface: string
  readonly findings: readonly Finding[]
}

/** wgq doctor [IF…] [--json] [--mtu] [--to ADDRESS]: examines tunnels and reports problems; changes nothing. */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const devices = openDevices()
  const host = await openHost()
  try {
    const found: Device[] = []
    const diagnoses: Diagnosis[] = []
    const links = await host.links()
    const journals = allJournals(runDirectory)
    for (const name of await chosenInterfaces(devices, parsed.operands)) {
      const renamed = checkRenamed(name, links, journals)
      if (renamed) {
        diagnoses.push({ interface: name, findings: [renamed] })
        continue
      }
      const device = await readOrSay(devices, name)
      if ('findings' in device) diagnoses.push(device)
      else found.push(await withCounters(device))
    }
    const to = oneValue(parsed, 'to')
    const probesMtu = parsed.flags.has('mtu')
    if (to !== undefined) return await follow(host, found, to, parsed)
    for (const device of found)
      diagnoses.push({ interface: device.name, findings: await examineInPlace(host, device, probesMtu) })
    writeOut(parsed.flags.has('json') ? `${jsonText(diagnoses)}\n` : report(diagnoses, await painterFor(1)))
    return diagnoses.some(({ findings }) => findings.some(({ status }) => status === 'problem'))
      ? foundProblem
      : 0
  } finally {
    host.close()
  }
}

/** Reads a device, or returns a diagnosis if that fails, so that the others are still examined. */
const readOrSay = async (devices: DeviceAccess, name: string): Promise<Device | Diagnosis> => {
  try {
    const device = await readIfThere(devices, name)
    return device ?? { interface: name, findings: [notThere(name)] }
  } catch (error) {
    if (!isWgqError(error) || error.errno === 'EPERM' || error.errno === 'EACCES') throw error
    const hint =
      error.hint ?? 'Its daemon hangs or is not a WireGuard daemon: end it, then bring the interface up again'
    return {
      interface: name,
      findings: [{ check: 'device', status: 'problem', message: error.message, hint }],
    }
  }
}

const notThere = (name: string): Finding => ({
  check: 'device',
  status: 'problem',
  message: `there is no WireGuard interface ${name}`,
  hint: `wgq up ${name} brings it up; \`wgq show interfaces\` lists what is there`,
})

/** Examines the interface in the network namespace where `wgq up --netns` put it. */
const examineInPlace = async (host: Host, device: Device, probesMtu: boolean): Promise<Finding[]> => {
  const into = readJournal(runDirectory, device.name)?.into
  if (into === undefined) return examine(device, host, host, { probesMtu })
  const inside = await openHostInside(into)
  try {
    return await examine(device, host, inside, { resolvConf: `/etc/netns/${into}/resolv.conf`, probesMtu })
  } finally {
    inside.close()
  }
}

const follow = async (
  host: Host,
  devices: readonly Device[],
  to: string,
  parsed: ParsedArguments,
): Promise<number> => {
  const path = await packetPath(host, devices, to)
  if (!path)
    throw new WgqError(
      'E_USAGE',
      `--to takes an IPv4 or IPv6 address that packets go to, found ${JSON.stringify(to)}`,
    )
  writeOut(
    parsed.flags.has('json')
      ? `${jsonText(pathJson(path))}\n`
      : `${describePath(path).map(visible).join('\n')}\n`,
  )
  return path.refusal === undefined && path.problem === undefined ? 0 : foundProblem
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
        `${paint('bold', visible(name))}\n${findings.map((finding) => line(finding, paint)).join('')}`,
    )
    .join('\n')
}

const line = ({ status, message, hint }: Finding, paint: Painter): string => {
  const advice = hint === undefined || status === 'ok' ? '' : `      ${visible(hint)}\n`
  return `  ${paint(styles[status], marks[status])} ${visible(message)}\n${advice}`
}
