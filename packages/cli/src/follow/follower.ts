// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import type { Device } from '@wgq/model/device'
import { Pace } from './pace.ts'

/** Dependencies of a follower: actions on a tunnel and events from the machine; tests replace them. */
export interface FollowerDependencies {
  /** Milliseconds of a monotonic clock that stops while the machine sleeps. */
  readonly now: () => number
  /** Milliseconds of the wall clock. */
  readonly wall: () => number
  /** The differences between the tunnel and its file, in words; undefined if the comparison failed. */
  readonly compare: () => Promise<readonly string[] | undefined>
  /** Identifies one state of the file. */
  readonly fileStamp: () => string
  /** Applies a changed file at once; if false, it waits for `wgq reload`. */
  readonly followFile: boolean
  /** Runs `wgq reload`; resolves to its exit status. */
  readonly repair: () => Promise<number>
  /** The device; undefined if it no longer exists. */
  readonly device: () => Promise<Device | undefined>
  /**
   * Sets another endpoint for peers that do not answer or have lost their route. Resolves to one line for each and the
   * seconds until the next check; undefined if a report or a comparison comes first.
   */
  readonly moveEndpoints: (
    device: Device,
    networkChanged: boolean,
  ) => Promise<{ readonly lines: readonly string[]; readonly againSeconds: number | undefined }>
  /** Writes one line to the log. */
  readonly say: (line: string) => void
}

/** Minimum interval between checks of the peers after reports, which arrive in bursts. */
const reportedMs = 1000
/** Interval between comparisons of the two clocks. */
const clocksMs = 60_000
/** If the two clocks drift apart by this much, one was set or the machine slept. */
const jumpMs = 5000

/**
 * Keeps a tunnel in line with its file while the machine around it changes: compares it after changes, repairs
 * differences, and tries other addresses of peers that do not answer.
 */
export class Follower {
  private readonly dependencies: FollowerDependencies
  private readonly pace: Pace
  private peersDue: number
  private peersSeen = Number.NEGATIVE_INFINITY
  private clocksDue: number
  private offset: number
  private told: string | undefined
  private applied: string
  /** At the last check, the settings of the device that only configuration changes. */
  private shape: string | undefined

  constructor(dependencies: FollowerDependencies) {
    this.dependencies = dependencies
    this.pace = new Pace(dependencies.now())
    this.peersDue = dependencies.now()
    this.clocksDue = dependencies.now() + clocksMs
    this.offset = dependencies.wall() - dependencies.now()
    this.applied = dependencies.fileStamp()
  }

  /** Records a change on the machine; `ours`: it may concern the tunnel itself. */
  changed(ours = false): void {
    this.pace.changed(this.dependencies.now(), ours)
  }

  /** Records a report of the data plane: a peer does not answer, or settings were changed. */
  reported(): void {
    this.peersDue = Math.min(this.peersDue, Math.max(this.dependencies.now(), this.peersSeen + reportedMs))
  }

  /** Milliseconds until {@link act} has something to do. */
  waitMs(): number {
    const now = this.dependencies.now()
    return Math.max(0, Math.min(this.pace.waitMs(now), this.peersDue - now, this.clocksDue - now))
  }

  /** Runs the actions that are due. Resolves to false if the device no longer exists. */
  async act(): Promise<boolean> {
    this.noticeJump()
    const compares = this.pace.waitMs(this.dependencies.now()) === 0
    if (!compares && this.dependencies.now() < this.peersDue) return true
    if (compares && (await this.dependencies.device())) await this.compare()
    // Read after the repair, which may have changed it. A report that arrives from now on leads to another check.
    this.peersSeen = this.dependencies.now()
    this.peersDue = Number.POSITIVE_INFINITY
    const device = await this.dependencies.device()
    if (!device) return false
    // No event of the machine reports changed settings of a device.
    const shape = shapeOf(device)
    if (!compares && this.shape !== undefined && shape !== this.shape)
      this.pace.changed(this.dependencies.now(), true)
    this.shape = shape
    const { lines, againSeconds } = await this.dependencies.moveEndpoints(device, compares)
    for (const line of lines) this.dependencies.say(line)
    if (againSeconds !== undefined)
      this.peersDue = Math.min(this.peersDue, this.dependencies.now() + againSeconds * 1000)
    return true
  }

  /** Schedules all checks after a sleep or after the clock was set. */
  private noticeJump(): void {
    this.clocksDue = this.dependencies.now() + clocksMs
    const offset = this.dependencies.wall() - this.dependencies.now()
    if (Math.abs(offset - this.offset) < jumpMs) return
    this.offset = offset
    this.pace.restart(this.dependencies.now())
    this.peersDue = this.dependencies.now()
  }

  private async compare(): Promise<void> {
    const stamp = this.dependencies.fileStamp()
    this.pace.begins()
    const differences = await this.dependencies.compare()
    const differs = (differences?.length ?? 0) > 0
    if (differences === undefined) this.tell('it cannot be compared with its file')
    else if (!differs) {
      this.told = undefined
      this.applied = stamp
    } else if (stamp !== this.applied && !this.dependencies.followFile)
      this.tell('its file has changed: `wgq reload` applies it; until then nothing is put right')
    else await this.repair(differences, stamp)
    this.pace.looked(this.dependencies.now(), differs)
  }

  private async repair(differences: readonly string[], stamp: string): Promise<void> {
    this.dependencies.say(`${summary(differences)}: put right`)
    const status = await this.dependencies.repair()
    if (status === 0) {
      this.told = undefined
      this.applied = stamp
    } else this.tell(`it could not be put right (status ${status}); this is tried again`)
  }

  /** Logs a text once, until there is something else to report or all is well. */
  private tell(text: string): void {
    if (this.told !== text) this.dependencies.say(text)
    this.told = text
  }
}

/** Leaves out endpoints, which roam. */
const shapeOf = ({ fwmark, listenPort, peers }: Device): string =>
  [
    fwmark,
    listenPort,
    ...peers.map(({ publicKey, allowedIps, keepaliveSeconds }) =>
      [publicKey, keepaliveSeconds, ...allowedIps.map(formatCidr)].join(' '),
    ),
  ].join()

/** The first differences, and the number of the remaining ones. */
const summary = (differences: readonly string[]): string => {
  const shown = differences.slice(0, 3).join(', ')
  return differences.length > 3 ? `${shown} and ${differences.length - 3} more` : shown
}
