// SPDX-License-Identifier: MIT
import { statSync } from 'node:fs'
import { openDevices } from '@wgq/backends/devices'
import { openHost } from '@wgq/backends/host'
import { dropIns } from '@wgq/config/drop-ins'
import { formatEndpoint } from '@wgq/model/endpoint'
import { isWgqError } from '@wgq/model/error'
import { visible } from '@wgq/model/shown'
import { runDirectory } from '@wgq/quick/run/directory'
import { JournalKeeper, readJournal } from '@wgq/quick/run/journal'
import { withLock } from '@wgq/quick/run/lock'
import { lockName } from '@wgq/quick/run/under-lock'
import type { Difference } from '@wgq/quick/state/device-difference'
import { EndpointWatch, type NamedEndpoint } from '../observe/endpoint-watch.ts'
import { realOutside } from '../observe/reachable.ts'
import { nameMap, namesOf, readIfThere } from '../observe/tunnels.ts'
import { writeErr } from '../output.ts'
import { DeviceReports } from './device-reports.ts'
import { Follower } from './follower.ts'
import { watchMachine } from './machine-news.ts'

/** Runs a verb of wgq in a separate process; resolves to its exit status and, on request, its output. */
type RunVerb = (
  words: readonly string[],
  capture?: boolean,
) => Promise<{ readonly status: number; readonly stdout: string }>

/** Interval between checks of a device whose data plane reports nothing, while all of its peers answer. */
const unreportedSeconds = 60

/** The tunnel to follow. */
interface Followed {
  readonly interfaceName: string
  /** As the user named it: an interface or a file. */
  readonly tunnel: string
  readonly configPath: string
  readonly followFile: boolean
}

/** Starts following a tunnel on this machine. `wake` is called when there may be something to do. */
export const followTunnel = async (
  { interfaceName, tunnel, configPath, followFile }: Followed,
  verb: RunVerb,
  wake: () => void,
): Promise<{
  readonly follower: Follower
  /** The interface's index at the start: one that was made anew under the same name has another. */
  readonly index: number
  /** Peers that have no endpoint because their names are not known yet. */
  readonly waiting: () => Promise<readonly string[]>
  close(): void
}> => {
  const devices = openDevices()
  const host = await openHost()
  const endpoints = new EndpointWatch(devices, realOutside(host))
  const reports = new DeviceReports(interfaceName, () => {
    follower.reported()
    wake()
  })
  const follower: Follower = new Follower({
    now: () => performance.now(),
    wall: () => Date.now(),
    device: () => readIfThere(devices, interfaceName),
    compare: async () => {
      const { status, stdout } = await verb(['diff', '--json', tunnel], true)
      return status === 0 || status === 2 ? words(JSON.parse(stdout)) : undefined
    },
    repair: async () => (await verb(['reload', tunnel])).status,
    fileStamp: () => [configPath, ...dropIns(configPath)].map(stampOf).join('|'),
    followFile,
    moveEndpoints: async (device, networkChanged) => {
      const silences = await reports.silences()
      const moved = await endpoints.follow(device, networkChanged, silences)
      await noteEndpoints(interfaceName, endpoints.takeFound())
      return {
        lines: moved.map((event) =>
          'endpoint' in event ? `${event.peer} does not answer: endpoint ${event.endpoint}` : event.event,
        ),
        againSeconds: endpoints.nextLookSeconds(device) ?? (silences ? undefined : unreportedSeconds),
      }
    },
    say: (line) => writeErr(`wgq: ${visible(interfaceName)}: ${visible(line)}\n`),
  })
  const own = { name: interfaceName, index: (await host.link(interfaceName))?.index ?? 0 }
  const files = followFile ? [configPath, `${configPath}.d`] : []
  const news = watchMachine(own, files, (ours) => {
    follower.changed(ours)
    wake()
  })
  return {
    follower,
    index: own.index,
    waiting: async () => {
      const device = await readIfThere(devices, interfaceName)
      const names = nameMap(namesOf(interfaceName))
      return device ? endpoints.waiting(device).map((key) => names.get(key) ?? key) : []
    },
    close: () => {
      news.close()
      reports.close()
      host.close()
    },
  }
}

/** Notes the last good address of a name, which the next start uses if no name server answers. */
const noteEndpoints = async (name: string, found: readonly NamedEndpoint[]): Promise<void> => {
  if (found.length === 0) return
  const note = async () => {
    const journal = readJournal(runDirectory, name)
    if (journal?.state !== 'up' || !journal.configured) return
    const { endpoints, names, ...rest } = journal.configured
    new JournalKeeper(runDirectory, journal).update({
      configured: {
        ...rest,
        endpoints: {
          ...endpoints,
          ...Object.fromEntries(
            found.map(({ publicKey, endpoint }) => [publicKey, formatEndpoint(endpoint)]),
          ),
        },
        names: {
          ...names,
          ...Object.fromEntries(found.map(({ host, endpoint }) => [host, endpoint.address])),
        },
      },
    })
  }
  // The tunnel works without the note.
  await withLock(runDirectory, lockName(name), note).catch((error) => {
    if (!isWgqError(error)) throw error
  })
}

/** Differences as log texts: what is missing, what is extra, what has another value. */
const words = ({ differences }: { differences: readonly Difference[] }): string[] =>
  differences.map(({ object, id, field, running, wanted }) => {
    const what = [object, id, field].filter((word) => word !== undefined).join(' ')
    if (running === undefined) return `${what} is missing`
    return wanted === undefined ? `${what} is too many` : `${what} is ${running}, not ${wanted}`
  })

const stampOf = (path: string): string => {
  try {
    const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true })
    return [dev, ino, size, mtimeNs].join(' ')
  } catch {
    return ''
  }
}
