// SPDX-License-Identifier: MIT
import type { ChildProcess } from 'node:child_process'
import { program } from './implementation.ts'
import { LiveTunnel } from './live-tunnel.ts'
import { until } from './netns.ts'

/** A tunnel with a kill switch that `wgq run` brings up and follows. */
export class FollowedTunnel {
  readonly tunnel: LiveTunnel
  /** The output of `wgq run`. */
  log = ''
  private readonly child: ChildProcess

  /** `change` derives the configuration from the default one; `env` is added to the environment of `wgq run`. */
  static async open(
    change: (config: string) => string,
    env: NodeJS.ProcessEnv = {},
  ): Promise<FollowedTunnel> {
    const tunnel = await LiveTunnel.open()
    tunnel.write(change(tunnel.defaultConfig()).replace('[Interface]\n', '[Interface]\n# KillSwitch = on\n'))
    const followed = new FollowedTunnel(tunnel, env)
    try {
      await until('the tunnel', () => followed.isInSync(), 60_000)
    } catch (error) {
      const { stdout, stderr } = tunnel.wgq('diff', tunnel.configPath)
      await followed.close()
      throw new Error(`${(error as Error).message}\n${followed.log}${stdout}${stderr}`)
    }
    return followed
  }

  private constructor(tunnel: LiveTunnel, env: NodeJS.ProcessEnv) {
    this.tunnel = tunnel
    this.child = tunnel.ns.start(program('wgq'), ['run', tunnel.configPath], {
      WG_QUICK_USERSPACE_IMPLEMENTATION: '',
      ...env,
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.log += text
    })
  }

  /** `wgq diff` finds nothing. */
  isInSync(): boolean {
    return this.tunnel.wgq('diff', this.tunnel.configPath).status === 0
  }

  /** Ends `wgq run`, which takes the tunnel down, and removes the namespaces. */
  async close(): Promise<void> {
    this.child.kill('SIGTERM')
    await until('the end', () => this.child.exitCode !== null, 20_000).catch(() => this.child.kill('SIGKILL'))
    this.tunnel.remove()
  }
}
