// SPDX-License-Identifier: MIT
import { closeSync, writeSync } from 'node:fs'
import { failureLine } from '@wgq/dataplane/daemon/failure'
import { readSettings, usage } from '@wgq/dataplane/daemon/settings'
import { readyText, readyVariable } from '@wgq/uapi/ready'

// Node would open its inspector on SIGUSR1 and let any client run code as root. Launchers cover the time before this
// line.
process.on('SIGUSR1', () => {})

// argv: node, wgqd.cjs, $0 of the launcher, arguments.
const args = process.argv.slice(3)

/** Reports once to the process that started this one in the background; returns false if there is none. */
const report = (text: string): boolean => {
  const fd = process.env[readyVariable]
  if (fd === undefined) return false
  delete process.env[readyVariable]
  try {
    writeSync(Number(fd), text)
    closeSync(Number(fd))
  } catch {
    // The parent did not wait.
  }
  return true
}

const fail = (error: unknown): void => {
  if (process.env['WGQ_DEBUG'] === '1' && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  const line = failureLine(error)
  if (!report(line)) process.stderr.write(line)
  process.exitCode = 1
}

const serve = async (settings: ReturnType<typeof readSettings>): Promise<void> => {
  const { runDaemon } = await import('@wgq/dataplane/daemon/run')
  // A signal that arrives before the daemon is ready takes effect once it can be shut down.
  let end = (): void => {
    end = () => {}
  }
  const early = end
  process.on('uncaughtException', (error) => {
    fail(new Error(`internal error: ${error.message}, please report`, { cause: error }))
    daemon.end(1)
  })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => end())
  const daemon = await runDaemon(settings, (status) => process.exit(status))
  process.title = `wgqd ${daemon.name}`
  const asked = end !== early
  end = () => daemon.end(0)
  if (asked) end()
  const { notifyReady } = await import('@wgq/dataplane/daemon/service-manager')
  notifyReady(process.env)
  report(readyText)
}

const main = async (): Promise<void> => {
  if (args.length === 1 && (args[0] === '--version' || args[0] === '-v')) {
    const { cipherCode } = await import('@wgq/dataplane/daemon/cipher-code')
    const version = process.env['WGQ_VERSION'] ?? '0'
    const system = `${process.platform}-${process.arch}`
    process.stdout.write(
      `wgqd v${version}\n\nUserspace WireGuard daemon of wgq for ${system}.\nCryptography: ${cipherCode().text}.\n`,
    )
    return
  }
  if (args.length === 1 && (args[0] === '--help' || args[0] === '-h')) {
    process.stdout.write(usage)
    return
  }
  const settings = readSettings(args, process.env)
  if (settings.foreground) {
    await serve(settings)
    return
  }
  const { startDaemon } = await import('@wgq/uapi/start-daemon')
  const { status, text } = await startDaemon({
    command: process.argv.slice(1),
    env: process.env,
    chatty: settings.logLevel === 'debug',
    tunFd: settings.tunFd,
    uapiFd: settings.uapiFd,
    explain: failureLine,
  })
  process.stderr.write(text)
  process.exit(status)
}

main().catch(fail)
