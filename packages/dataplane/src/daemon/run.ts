// SPDX-License-Identifier: MIT

import { writeFileSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { errnoText } from '@wgq/model/errno'
import { monotonicMs } from '@wgq/model/monotonic'
import { createEngine, type EngineEvent, type PacketEngine, warmUpHandshakes } from '@wgq/native/engine'
import { reseedRandom } from '@wgq/native/noise-primitives'
import { openNetlinkSocket } from '@wgq/native/raw-socket'
import { listenStreams } from '@wgq/native/stream-listener'
import {
  bootTimeNanoseconds,
  interfaceIndex,
  interfaceName,
  notifyServiceManager,
  setDumpable,
} from '@wgq/native/system'
import { listenUapi, type UapiServer } from '@wgq/uapi/server'
import { defaultMtu, mostJitterMs } from '../constants.ts'
import { Configuration } from '../device/configuration.ts'
import { Device } from '../device/device.ts'
import { SilenceWatch } from '../device/silence-watch.ts'
import { logDrops } from './drop-log.ts'
import { tunFailure } from './failure.ts'
import { GenerationWatch } from './generation-watch.ts'
import { KeyLog } from './key-log.ts'
import type { LinkState } from './link-watch.ts'
import { DaemonLog, toStandardError, toSystemLog } from './log.ts'
import type { DaemonSettings } from './settings.ts'
import type { DaemonSystem, LinkWatcher, OpenTun, SourceWatcher } from './systems/daemon-system.ts'
import { wallClock } from './wall-clock.ts'

/** Handshake messages processed before the event loop gets a turn: about 5 ms. */
const handshakesPerTurn = 12
/** Deferrable work yields to the event loop after this time. */
const sliceMs = 5
/** How long to wait before retrying to bind a port. */
const retryMs = 1000
/** A full turn that takes longer counts as load. */
const slowTurnMs = 20

/** Set once the daemon runs. */
let system: DaemonSystem

/**
 * Opens the interface and its configuration socket and serves both until something ends it; calls `ended` once with the
 * exit status. Resolves when `wg` and `ip` can use the interface. Raises a {@link WgqError} if it cannot be opened.
 * Drops the privileges that the daemon does not need at once, or in `restrict` if the process has other work to finish
 * first.
 */
export const runDaemon = async (
  settings: DaemonSettings,
  ended: (status: number) => void,
  restricted: 'at once' | 'later' = 'at once',
): Promise<DaemonHandle> => {
  const log = new DaemonLog(
    settings.name,
    settings.logLevel,
    settings.logTo === 'syslog' ? toSystemLog(notifyServiceManager) : toStandardError,
  )
  system =
    process.platform === 'linux'
      ? (await import('./systems/linux.ts')).linuxDaemonSystem
      : (await import('./systems/bsd.ts')).bsdDaemonSystem()
  const keyLog = settings.keyLogFile === undefined ? undefined : new KeyLog(settings.keyLogFile)
  if (keyLog)
    log.notice(
      `The keys of every session are written to ${settings.keyLogFile}: who reads it reads the traffic`,
    )
  const tun = open(settings)
  if (restricted === 'at once') system.dropPrivileges(settings, log, 'but that over the socket')
  const daemon = new RunningDaemon(settings, tun, log, ended, keyLog)
  try {
    await daemon.start()
    if (restricted === 'at once') daemon.restrict()
  } catch (error) {
    daemon.close()
    throw error
  }
  return daemon
}

/** A running daemon, which can be stopped. */
export interface DaemonHandle {
  readonly name: string
  /** Ends it with the exit status `status`. */
  end(status: number): void
  /**
   * Permanently drops privileges and system calls that a running data plane does not need, for the whole process. Calls
   * `between` between the two, where it may still send a signal. Ends when the configuration socket is removed from now
   * on, or was removed before.
   */
  restrict(between?: () => void): void
}

// --- internal ---

const open = (settings: DaemonSettings): OpenTun => {
  try {
    setDumpable(false)
    return system.openTun(settings)
  } catch (error) {
    throw tunFailure(settings.name, error)
  }
}

/** Long enough for the first configuration to arrive before the warm-up takes its few milliseconds. */
const warmUpDelayMs = 30

class RunningDaemon implements DaemonHandle {
  readonly name: string
  private readonly settings: DaemonSettings
  private readonly log: DaemonLog
  private readonly ended: (status: number) => void
  private readonly engine: PacketEngine
  private readonly device: Device
  private readonly silences = new SilenceWatch((peer) => (peer.removed ? 0 : this.device.silentMs(peer)))
  private readonly tun: OpenTun
  private readonly links: LinkWatcher
  private sources: SourceWatcher | undefined
  private routeMtus: { close(): void } | undefined
  private generation: GenerationWatch | undefined
  private server: UapiServer | undefined
  private timer: NodeJS.Timeout | undefined
  private retry: NodeJS.Timeout | undefined
  private stopDropLog: (() => void) | undefined
  private closed = false

  constructor(
    settings: DaemonSettings,
    tun: OpenTun,
    log: DaemonLog,
    ended: (status: number) => void,
    keyLog: KeyLog | undefined,
  ) {
    this.name = tun.name
    this.settings = settings
    this.log = log
    this.ended = ended
    this.engine = createEngine({
      tun,
      mtu: defaultMtu,
      onWake: () => this.drain(),
      udpSegmentation: settings.udpSegmentation,
      udpCoalescing: settings.udpCoalescing,
      ...(settings.threads === undefined ? {} : { threads: settings.threads }),
      ...(settings.receiveBufferBytes === undefined
        ? {}
        : { receiveBufferBytes: settings.receiveBufferBytes }),
    })
    this.device = new Device({
      engine: this.engine,
      bootMs: () => Number(bootTimeNanoseconds()) / 1e6,
      wallNs: wallClock,
      keyLog,
      jitterMs: () => Math.random() * mostJitterMs,
      wakeAt: (at) => this.wakeAt(at),
      interfaceIndex,
      interfaceName,
      fitSource: (record, again) => this.sources?.withFitSource?.(record, this.device.fwmark, again),
      onQuestion: (peer) => this.silences.note(peer),
      log,
    })
    this.tun = tun
    this.links = system.watchLink(tun, {
      onState: (state) => this.follow(state),
      onDeleted: () => {
        log.debug(() => 'The interface was deleted')
        this.end(0)
      },
      onLost: () => log.notice('The interface was moved where it cannot be followed; its state is unknown'),
    })
  }

  async start(): Promise<void> {
    this.device.keepsPort = this.device.portIsFixed = this.settings.keepPort
    system.prepareLink(this.name, this.log)
    this.server = await listenUapi({
      listenStreams,
      device: new Configuration(this.device, () => this.links.refresh(), this.silences),
      name: this.name,
      onRemoved: () => {
        this.log.debug(() => 'The configuration socket was removed')
        this.end(0)
      },
      onRefusal: (error) => this.log.debug(() => `Configuration: ${error.message}`),
      ...(this.settings.uapiFd === undefined ? {} : { fd: this.settings.uapiFd }),
      ...(this.settings.socketGroupId === undefined ? {} : { groupId: this.settings.socketGroupId }),
    })
    this.sources = system.watchSources(
      (sources) => this.checkSources(sources),
      () => (this.links.isHere ? this.links.index : undefined),
    )
    this.generation = new GenerationWatch({
      openSocket: openNetlinkSocket,
      wallMs: Date.now,
      bootMs: () => Number(bootTimeNanoseconds()) / 1e6,
      monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
      onCopied: (why) => {
        this.log.debug(() => `${why}: no key is used any longer to send`)
        this.reseed()
        this.device.renewKeys()
      },
    })
    this.links.start()
    this.routeMtus = system.watchRouteMtus?.(this.links, (ascending) =>
      this.engine.setRouteMtus(new Uint8Array(Uint32Array.from(ascending).buffer)),
    )
    if (this.settings.nameFile !== undefined) writeFileSync(this.settings.nameFile, `${this.name}\n`)
    if (this.settings.logLevel === 'debug')
      this.stopDropLog = logDrops(() => this.engine.counters(), this.log)
    this.log.debug(() => `Interface ${this.name} is there, configuration on ${this.server?.path}`)
    // After the process that waits for the socket was notified.
    setTimeout(() => this.closed || warmUpHandshakes(), warmUpDelayMs).unref()
  }

  end(status: number): void {
    if (this.closed) return
    this.close()
    this.ended(status)
  }

  restrict(between?: () => void): void {
    system.dropPrivileges(this.settings, this.log)
    between?.()
    // Takes a millisecond, for which `up` need not wait.
    this.server?.watchRemoval()
    system.confine(this.settings, this.log)
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    clearTimeout(this.timer)
    clearTimeout(this.retry)
    this.stopDropLog?.()
    this.server?.close()
    this.links.close()
    this.sources?.close()
    this.routeMtus?.close()
    this.generation?.close()
    this.silences.close()
    this.device.close()
    this.tun.destroy?.()
  }

  // --- internal ---

  private drain(): void {
    if (this.closed) return
    const from = monotonicMs()
    const handshakes = this.device.drain(handshakesPerTurn, (event) => this.onOther(event))
    const tookMs = monotonicMs() - from
    // A turn that was not full is no load, however slow: a garbage collection or a busy machine is not an attack.
    if (!this.closed && handshakes === handshakesPerTurn && tookMs > slowTurnMs)
      this.engine.reportDrain(tookMs)
  }

  private reseed(): void {
    try {
      reseedRandom()
    } catch (error) {
      this.log.error(`New keys may be those of a copy of this machine: ${(error as Error).message}`)
    }
  }

  private onOther(event: Exclude<EngineEvent, { kind: 'peer' | 'handshake' }>): void {
    if (event.kind === 'notice') this.log.notice(event.text)
    else if (event.kind === 'headerRefused') this.leaveHeader()
    else {
      // Deleting the link makes the TUN fail with EBADFD: a normal end of the interface.
      const gone = system.goneErrnos.has(event.errno)
      if (gone) this.log.debug(() => 'The interface was deleted')
      else this.log.error(event.text)
      this.end(gone ? 0 : 1)
    }
  }

  /** Some vendor kernels accept IFF_VNET_HDR and then reject every packet (EINVAL). */
  private leaveHeader(): void {
    const found = 'The kernel refuses every packet with a virtio header (EINVAL)'
    // The process that handed us the TUN may still hold it: then attaching again is impossible.
    if (this.settings.tunFd !== undefined) {
      this.log.notice(`${found}; hand over a TUN that was opened without IFF_VNET_HDR`)
      return
    }
    try {
      const whyNot = this.links.isHere ? this.engine.reattachTun() : 'it is in another network namespace'
      if (whyNot === undefined) this.log.notice(`${found}; the interface was attached again without it`)
      else
        this.log.notice(
          `${found} and the interface cannot be attached again without it (${whyNot}); start with WGQ_TUN_OFFLOAD=0`,
        )
    } catch (error) {
      this.log.error(
        `${found} and the interface was lost on attaching it again without (${(error as Error).message}); start with WGQ_TUN_OFFLOAD=0`,
      )
      this.end(1)
    }
  }

  private follow(state: LinkState): void {
    if (this.closed) return
    this.engine.setMtu(state.mtu)
    clearTimeout(this.retry)
    if (state.up) this.bringUp()
    else this.device.down()
  }

  /** Brings the device up; retries every second, as the port may become free. Logs the first failure and success. */
  private bringUp(): void {
    const before = this.device.listenError
    try {
      this.device.up()
      if (before !== undefined) this.log.notice(`Interface up, listening on port ${this.device.listenPort}`)
    } catch {
      if (this.device.listenError !== before)
        this.log.error(
          `Unable to bring the interface up: cannot listen on port ${this.device.listenPort}: ${errnoText(this.device.listenError ?? 'EIO')}`,
        )
      this.retry = setTimeout(() => this.bringUp(), retryMs)
    }
  }

  private async checkSources(sources: SourceWatcher): Promise<void> {
    if (this.closed || !this.device.isUp) return
    this.device.followZones()
    let sliceEnd = monotonicMs() + sliceMs
    for (const _ of this.device.forgetSources((record) => sources.isStale(record, this.device.fwmark))) {
      if (monotonicMs() < sliceEnd) continue
      await nextTurn()
      if (this.closed) return
      sliceEnd = monotonicMs() + sliceMs
    }
  }

  private wakeAt(atMs: number | undefined): void {
    clearTimeout(this.timer)
    if (atMs === undefined) return
    const inMs = Math.max(0, atMs - Number(bootTimeNanoseconds()) / 1e6)
    this.timer = setTimeout(() => this.device.tick(), Math.ceil(inMs))
  }
}
