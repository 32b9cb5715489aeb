// SPDX-License-Identifier: MIT
import { createServer, type Server } from 'node:http'
import { openDevices } from '@wgq/backends/devices'
import type { Device, DeviceAccess } from '@wgq/model/device'
import { errnoText } from '@wgq/model/errno'
import { WgqError } from '@wgq/model/error'
import { visible } from '@wgq/model/shown'
import type { Handler } from '../command.ts'
import { withCounters } from '../device-counters.ts'
import { metricsText } from '../observe/metrics-text.ts'
import { untilSignal } from '../observe/pause.ts'
import { nameMap, namesOf, readChosen } from '../observe/tunnels.ts'
import { oneValue, parseArguments } from '../options.ts'
import { writeErr, writeOut } from '../output.ts'

/** wgq metrics [IF…] [--listen ADDRESS:PORT]. */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const devices = openDevices()
  const listen = oneValue(parsed, 'listen')
  if (listen === undefined) {
    let failed: WgqError | undefined
    const found = await readChosen(devices, parsed.operands, (_name, error) => {
      failed = error
      report(error)
    })
    for (const name of parsed.operands)
      if (!found.some((device) => device.name === name))
        throw new WgqError('E_DEVICE', `There is no WireGuard interface ${visible(name)}`, {
          hint: '`wgq show interfaces` lists what is there',
        })
    writeOut(await textOf(found))
    return failed && found.length === 0 ? 1 : 0
  }
  const server = createServer((request, response) => {
    if (pathOf(request.url) !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Metrics are at /metrics\n')
      return
    }
    // Node omits the body of an answer to HEAD.
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response
        .writeHead(405, { 'content-type': 'text/plain', allow: 'GET, HEAD' })
        .end('Metrics are read with GET\n')
      return
    }
    collect(devices, parsed.operands).then(
      (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text),
      (error: Error) => response.writeHead(500, { 'content-type': 'text/plain' }).end(`${error.message}\n`),
    )
  })
  const stop = untilSignal()
  const address = await open(server, listen)
  writeErr(`serving http://${address}/metrics\n`)
  await new Promise((resolve) => stop.addEventListener('abort', resolve))
  server.closeAllConnections()
  server.close()
  return 0
}

/** The path of a request target, which a proxy sends as a full URL (RFC 9112 §3.2.2). */
const pathOf = (target = ''): string | undefined => target.replace(/^https?:\/\/[^/?]*/i, '').split('?', 1)[0]

const collect = async (devices: DeviceAccess, asked: readonly string[]): Promise<string> =>
  textOf(await readChosen(devices, asked, (_name, error) => report(error)))

const report = (error: WgqError): void => writeErr(`${visible(error.message)}\n`)

const textOf = async (devices: readonly Device[]): Promise<string> => {
  const found = []
  for (const device of devices)
    found.push({ device: await withCounters(device), names: nameMap(namesOf(device.name)) })
  return metricsText(found)
}

/** Listens on `ADDRESS:PORT` or `[ADDRESS]:PORT`; resolves to the address in use. Raises `E_USAGE` and `E_LISTEN`. */
const open = (server: Server, text: string): Promise<string> => {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):([0-9]{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  if (!match || host === undefined || Number(match[3]) > 65535)
    throw new WgqError('E_USAGE', `--listen takes ADDRESS:PORT, found ${JSON.stringify(text)}`, {
      hint: 'for this machine alone: --listen 127.0.0.1:9586',
    })
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new WgqError(
          'E_LISTEN',
          `Cannot listen on ${text}: ${cause.code === undefined ? cause.message : errnoText(cause.code)}`,
          {
            hint: 'choose another address or port',
            cause,
          },
        ),
      ),
    )
    server.listen(Number(match[3]), host, () => {
      const bound = server.address()
      resolve(
        bound !== null && typeof bound === 'object'
          ? `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`
          : text,
      )
    })
  })
}
