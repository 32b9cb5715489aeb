// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CommandRunner } from '@wgq/backends/bsd/command-runner'
import { BsdHost } from '@wgq/backends/bsd/host'
import { SimulatedSystem } from '@wgq/backends/bsd/twin/simulated-system'
import { FreebsdDevices } from '@wgq/backends/freebsd/devices'
import { freebsdDialect } from '@wgq/backends/freebsd/dialect'
import { FreebsdKernelTwin } from '@wgq/backends/freebsd/kernel-twin'
import { NetbsdDevices } from '@wgq/backends/netbsd/devices'
import { netbsdDialect } from '@wgq/backends/netbsd/dialect'
import { NetbsdKernelTwin } from '@wgq/backends/netbsd/kernel-twin'
import { OpenbsdDevices } from '@wgq/backends/openbsd/devices'
import { openbsdDialect } from '@wgq/backends/openbsd/dialect'
import { OpenbsdKernelTwin, peerRecord74 } from '@wgq/backends/openbsd/kernel-twin'
import { readSettings } from '@wgq/config/settings'
import { systemContext } from '@wgq/config/wg/context'
import { readWgFile } from '@wgq/config/wg/read-file'
import type { DeviceAccess } from '@wgq/model/device'
import type { Key } from '@wgq/model/key'
import { down } from '../down.ts'
import { planReload, reload } from '../reload.ts'
import { saveRunning } from '../save.ts'
import type { Session } from '../session.ts'
import type { MonitorRequest } from '../systems/bsd/places.ts'
import { freebsd } from '../systems/freebsd.ts'
import { netbsd } from '../systems/netbsd.ts'
import { openbsd } from '../systems/openbsd.ts'
import { up } from '../up.ts'

/** Names of the BSDs. */
export type BsdName = SimulatedSystem['system']

const noIndex = () => undefined

/** An in-memory WireGuard kernel of a BSD, and the devices that reach it. */
const openKernel = (name: BsdName, runner: CommandRunner) => {
  if (name === 'freebsd') {
    const kernel = new FreebsdKernelTwin()
    return { kernel, devices: new FreebsdDevices(kernel, noIndex) }
  }
  if (name === 'openbsd') {
    const kernel = new OpenbsdKernelTwin(peerRecord74)
    return { kernel, devices: new OpenbsdDevices(kernel, '7.8', noIndex) }
  }
  const kernel = new NetbsdKernelTwin()
  const publicKeyOf = (key: Key) => key
  const around = { port: kernel, runner, interfaceIndex: noIndex, publicKeyOf, warn: () => {} }
  return { kernel, devices: new NetbsdDevices(around) }
}

/** A whole BSD in memory for tests of wg-quick: tools, kernel, run directory, and printed lines. */
export class BsdBench {
  readonly simulated: SimulatedSystem
  readonly devices: DeviceAccess
  readonly directory = mkdtempSync(join(tmpdir(), 'wgq-bsd-'))
  readonly monitors: MonitorRequest[] = []
  readonly hooks: string[] = []
  /** Exit status of the next hooks by their text. */
  readonly hookStatus = new Map<string, number>()
  /** Programs that `find` finds besides bash. */
  readonly programs = new Set<string>(['bash'])
  readonly interruption: Session['interruption'] = {}
  /** Interfaces of userspace daemons. */
  readonly daemonSockets = new Set<string>()
  /** Makes the device behind a daemon's interface. */
  private readonly onDaemon: (real: string) => void
  printed = ''
  private readonly name: BsdName
  /** Replaces the simulated tools, which still keep the state. */
  private readonly runner: CommandRunner

  constructor(name: BsdName, runner?: (simulated: SimulatedSystem) => CommandRunner) {
    this.name = name
    this.simulated = new SimulatedSystem(name)
    this.runner = runner?.(this.simulated) ?? this.simulated
    const { kernel, devices } = openKernel(name, this.simulated)
    this.devices = devices
    this.onDaemon = (real) => kernel.create(real)
    this.simulated.onLink = (link, present) => {
      if (present) kernel.create(link)
      else kernel.interfaces.delete(link)
    }
  }

  /** The session of a new process. */
  session(config: string, name = 'wg0'): Session {
    const dialects = { freebsd: freebsdDialect, openbsd: openbsdDialect, netbsd: netbsdDialect }
    const systems = { freebsd, openbsd, netbsd }
    const indices = () => [...this.simulated.interfaces.keys()]
    const host = new BsdHost(dialects[this.name], this.runner, (link) => indices().indexOf(link) + 1)
    const configPath = join(this.directory, `${name}.conf`)
    writeFileSync(configPath, config)
    return {
      system: systems[this.name]({
        resolvConf: join(this.directory, 'resolv.conf'),
        daemonSocket: (real) =>
          this.daemonSockets.has(real) ? `/var/run/wireguard/${real}.sock` : undefined,
        startMonitor: (request) => {
          this.monitors.push(request)
          return undefined
        },
      }),
      dependencies: {
        host,
        devices: this.devices,
        run: async (program, args, options) => this.child(program, args, options?.env),
        find: (program) => (this.programs.has(program) ? `/usr/local/bin/${program}` : undefined),
        readWgConfig: (text) =>
          readWgFile(
            text,
            '/dev/stdin',
            systemContext(true, () => {}),
          ),
        formatConf: (device) => `[Interface]\nListenPort = ${device.listenPort}\n`,
        readSysctl: () => undefined,
        writeSysctl: () => {},
        env: {},
        print: (text) => {
          this.printed += text
        },
      },
      name,
      configPath,
      settings: readSettings(config, configPath),
      program: 'wg-quick',
      script: '/usr/local/bin/wg-quick',
      binDirectory: '/usr/local/bin',
      style: 'wg-quick',
      runDirectory: join(this.directory, 'run'),
      interruption: this.interruption,
    }
  }

  up(config: string, name?: string): Promise<number> {
    return up(this.session(config, name))
  }

  down(config: string, name?: string): Promise<number> {
    return down(this.session(config, name))
  }

  save(config: string, name?: string): Promise<number> {
    return saveRunning(this.session(config, name))
  }

  reload(config: string, name?: string): Promise<number> {
    return reload(this.session(config, name))
  }

  /** Objects that differ, as `OBJECT ID`. */
  async differences(config: string, name?: string): Promise<string[]> {
    const { differences } = await planReload(this.session(config, name))
    return differences.map(({ object, id }) => (id === undefined ? object : `${object} ${id}`))
  }

  /** The lines printed since the last call. */
  takeLines(): string[] {
    const lines = this.printed.split('\n').slice(0, -1)
    this.printed = ''
    return lines
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }

  private child(
    program: string,
    args: readonly string[],
    env?: NodeJS.ProcessEnv,
  ): { status: number; stdout: string } {
    this.hooks.push([program, ...args.slice(0, -1)].join(' '))
    for (const [text, status] of this.hookStatus)
      if (this.printed.endsWith(`[#] ${text}\n`)) return { status, stdout: '' }
    // The userspace daemon makes its interface itself.
    if (program === 'wireguard-go') {
      const real = args[0] === 'tun' ? 'tun0' : (args[0] as string)
      this.simulated.interfaces.set(real, { mtu: 1420, up: false, addresses: [] })
      this.daemonSockets.add(real)
      if (env?.['WG_TUN_NAME_FILE']) writeFileSync(env['WG_TUN_NAME_FILE'], `${real}\n`)
      this.onDaemon(real)
    }
    if (program === 'rm' && args[1]) {
      const real = args[1].replace(/^.*\/(.*)\.sock$/, '$1')
      if (this.daemonSockets.delete(real)) {
        this.simulated.interfaces.delete(real)
        const { routes } = this.simulated
        routes.splice(0, routes.length, ...routes.filter(({ dev }) => dev !== real))
      }
    }
    return { status: 0, stdout: '' }
  }
}
