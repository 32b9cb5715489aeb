// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import type { Device } from '@wgq/model/device'
import { Pace } from './pace.ts'

/** Actions on a tunnel and events from the machine; tests replace them. */
export interface FollowerDependencies {
  /** Milliseconds of a clock that does not jump and stands still while the machine sleeps. */
  readonly now: () => number
  /** Milliseconds of the wall clock. */
  readonly wall: () => number
  /** What differs between the tunnel and its file, in words; undefined where they could not be compared. */
  readonly compare: () => Promise<readonly string[] | undefined>
  /** Tells one state of the file from another. */
  readonly fileStamp: () => string
  /** A changed file is applied; else it waits for `wgq reload`. */
  readonly followFile: boolean
  /** `wgq reload`: its exit status. */
  readonly repair: () => Promise<number>
  /** The device; undefined where it is gone. */
  readonly device: () => Promise<Device | undefined>
  /** Gives peers that do not answer, or have no way any more, another endpoint; one line for each, and seconds until it wants to look again. */
  readonly moveEndpoints: (
    device: Device,
    networkChanged: boolean,
  ) => Promise<{ readonly lines: readonly string[]; readonly againSeconds: number | undefined }>
  /** One line for the log. */
  readonly say: (line: string) => void
}

/** Peers are looked at so often while all of them answer. */
const peersMs = 60_000
/** A clock that moved so much more than the other was set, or the machine slept. */
const jumpMs = 5000

/**
 * Keeps a tunnel as its file says while the machine around it changes: it is compared after changes, repaired where it
 * differs, and peers that do not answer get another of their addresses.
 */
export class Follower {
  private readonly dependencies: FollowerDependencies
  private readonly pace: Pace
  private peersDue: number
  private offset: number
  private told: string | undefined
  private applied: string
  /** What of the device only configuration changes, at the last look. */
  private shape: string | undefined

  constructor(dependencies: FollowerDependencies) {
    this.dependencies = dependencies
    this.pace = new Pace(dependencies.now())
    this.peersDue = dependencies.now()
    this.offset = dependencies.wall() - dependencies.now()
    this.applied = dependencies.fileStamp()
  }

  /** Something changed on the machine; `ours`: it may be about the tunnel itself. */
  changed(ours = false): void {
    this.pace.changed(this.dependencies.now(), ours)
  }

  /** A peer does not answer. */
  silent(): void {
    this.peersDue = this.dependencies.now()
  }

  /** Milliseconds until {@link act} has something to do. */
  waitMs(): number {
    const now = this.dependencies.now()
    return Math.max(0, Math.min(this.pace.waitMs(now), this.peersDue - now))
  }

  /** Does what is due. Resolves to false where the device is gone. */
  async act(): Promise<boolean> {
    this.noticeJump()
    const compares = this.pace.waitMs(this.dependencies.now()) === 0
    if (!compares && this.dependencies.now() < this.peersDue) return true
    if (compares && (await this.dependencies.device())) await this.compare()
    // Read after the repair, which may have changed it.
    const device = await this.dependencies.device()
    if (!device) return false
    // Nobody tells of a device that was set otherwise.
    const shape = shapeOf(device)
    if (!compares && this.shape !== undefined && shape !== this.shape)
      this.pace.changed(this.dependencies.now(), true)
    this.shape = shape
    const { lines, againSeconds } = await this.dependencies.moveEndpoints(device, compares)
    for (const line of lines) this.dependencies.say(line)
    this.peersDue = this.dependencies.now() + (againSeconds === undefined ? peersMs : againSeconds * 1000)
    return true
  }

  /** After a sleep, and after the clock was set, everything is looked at. */
  private noticeJump(): void {
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

  /** Once, until there is something else to report or all is well. */
  private tell(text: string): void {
    if (this.told !== text) this.dependencies.say(text)
    this.told = text
  }
}

/** Without endpoints, which roam. */
const shapeOf = ({ fwmark, listenPort, peers }: Device): string =>
  [
    fwmark,
    listenPort,
    ...peers.map(({ publicKey, allowedIps, keepaliveSeconds }) =>
      [publicKey, keepaliveSeconds, ...allowedIps.map(formatCidr)].join(' '),
    ),
  ].join()

/** The first differences, and how many more there are. */
const summary = (differences: readonly string[]): string => {
  const shown = differences.slice(0, 3).join(', ')
  return differences.length > 3 ? `${shown} and ${differences.length - 3} more` : shown
}
