// SPDX-License-Identifier: MIT
import type { BsdHost } from '@wgq/backends/bsd/host'
import type { DeviceAccess } from '@wgq/model/device'
import type { Family } from '@wgq/model/ip'
import { readEndpointRoutes, removeEndpointRoutes, writeEndpointRoutes } from './endpoint-route-file.ts'
import {
  type EndpointRouteState,
  firstGateway,
  planEndpointRouteRemoval,
  planEndpointRoutes,
} from './endpoint-routes.ts'

/** A command that is about to run, as given to the system. */
type Echo = (argv: readonly string[]) => void

/** Updates the endpoint routes of one tunnel when its endpoints or the system's gateways change. */
export class EndpointRouteKeeper {
  private readonly host: BsdHost
  private readonly devices: DeviceAccess
  private readonly path: string
  private readonly echo: Echo

  /** `path` is the state file; `echo` gets each command before it runs. */
  constructor(host: BsdHost, devices: DeviceAccess, path: string, echo: Echo) {
    this.host = host
    this.devices = devices
    this.path = path
    this.echo = echo
  }

  /** Reads gateways and endpoints and updates the routes. Ignores commands that fail. */
  async refresh(name: string, families: readonly Family[]): Promise<void> {
    const before = { gateways: {}, added: [], ...readEndpointRoutes(this.path), families }
    const gateways: Partial<Record<Family, string>> = {}
    for (const family of families) {
      const gateway = firstGateway(await this.host.routes({ family }))
      if (gateway !== undefined) gateways[family] = gateway
    }
    const device = await this.devices.read(name)
    const endpoints = device.peers.flatMap(({ endpoint }) => endpoint ?? [])
    const { commands, state } = planEndpointRoutes(before, gateways, endpoints)
    // Note first: deleting a route that was never made is harmless, but an unnoted route stays forever.
    writeEndpointRoutes(this.path, state)
    await this.runAll(commands)
  }

  /** Deletes all routes and the state. */
  async remove(): Promise<void> {
    const state = readEndpointRoutes(this.path)
    if (!state) return
    await this.runAll(planEndpointRouteRemoval(state))
    removeEndpointRoutes(this.path)
  }

  /** Notes which process keeps the routes from now on. */
  handOver(monitor: number | undefined): void {
    const state: EndpointRouteState | undefined = readEndpointRoutes(this.path)
    if (state && monitor !== undefined) writeEndpointRoutes(this.path, { ...state, monitor })
  }

  private async runAll(commands: readonly (readonly string[])[]): Promise<void> {
    for (const argv of commands) {
      this.echo(argv)
      await this.host.runner.run(argv)
    }
  }
}
