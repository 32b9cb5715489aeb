// SPDX-License-Identifier: MIT
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { WgqError } from '@wgq/model/error'
import type { Handler } from '../command.ts'
import { readConfigOperand } from '../config-operand.ts'
import { wgNumbered } from '../exchange/bsd-routes.ts'
import { printHostnameIf } from '../exchange/hostname-if.ts'
import { printIfconfigIf } from '../exchange/ifconfig-if.ts'
import { printNetworkManager } from '../exchange/network-manager.ts'
import { printNetworkd } from '../exchange/networkd.ts'
import { printRcConf } from '../exchange/rc-conf.ts'
import { lostNames, readTunnel } from '../exchange/read-tunnel.ts'
import type { Converted, Tunnel } from '../exchange/tunnel.ts'
import { faultlessText } from '../lint/refuse.ts'
import { writeLost } from '../lost.ts'
import { warnIfOutputIsOpen } from '../open-output.ts'
import { oneValue, outputFile, parseArguments } from '../options.ts'
import { writeErr, writeOut } from '../output.ts'
import { writePrivateFile } from '../private-file.ts'

/** A file for another program: name, text and the mode that the program requires. */
interface OutputFile {
  readonly name: string
  readonly text: string
  readonly mode: number
}

const formats: Record<string, (tunnel: Tunnel, title: string) => Converted<OutputFile[]>> = {
  networkmanager: (tunnel, title) => {
    const { result, lost } = printNetworkManager(tunnel, title)
    return {
      result: [{ name: `${tunnel.name}.nmconnection`, text: result, mode: 0o600 }],
      lost: [...lostNames(tunnel), ...lost],
    }
  },
  networkd: (tunnel) => {
    const {
      result: { netdev, network },
      lost,
    } = printNetworkd(tunnel)
    return {
      result: [
        // networkd reads it as user systemd-network.
        { name: `${tunnel.name}.netdev`, text: netdev, mode: 0o640 },
        { name: `${tunnel.name}.network`, text: network, mode: 0o644 },
      ],
      lost,
    }
  },
  // netstart(8) of OpenBSD corrects any other mode and warns.
  'hostname.if': (tunnel) => {
    const { result, lost } = printHostnameIf(tunnel)
    return { result: [{ name: `hostname.${wgNumbered(tunnel.name)}`, text: result, mode: 0o640 }], lost }
  },
  'rc.conf': (tunnel) => {
    const { result, lost } = printRcConf(tunnel)
    return {
      result: [
        { name: 'rc.conf', text: result.rcConf, mode: 0o644 },
        { name: `start_if.${tunnel.name}`, text: result.startIf, mode: 0o644 },
        { name: `${tunnel.name}.wg`, text: result.wgConfig, mode: 0o600 },
      ],
      lost,
    }
  },
  'ifconfig.if': (tunnel) => {
    const { result, lost } = printIfconfigIf(tunnel)
    return { result: result.map(({ path, text }) => ({ name: basename(path), text, mode: 0o600 })), lost }
  },
}

const formatNames = Object.keys(formats).join(', ')

/** wgq export --to FORMAT FILE: prints a profile; with --output writes its files. Reports lost settings on stderr. */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const to = oneValue(parsed, 'to') ?? ''
  const format = Object.hasOwn(formats, to) ? formats[to] : undefined
  if (!format) {
    const found = to === '' ? 'nothing' : JSON.stringify(to)
    throw new WgqError('E_USAGE', `--to takes one of ${formatNames}, found ${found}`)
  }
  const config = readConfigOperand(parsed.operands[0] as string)
  const text = await faultlessText(config)
  if (text === undefined) return 1
  const tunnel = await readTunnel(config.name, text, config.path)
  const { result: files, lost } = format(await withTableNumber(tunnel.result), config.name)
  writeLost([...tunnel.lost, ...lost])
  const directory = outputFile(parsed)
  if (directory === undefined) {
    const several = files.length > 1
    warnIfOutputIsOpen()
    writeOut(files.map((file) => (several ? `# ${file.name}\n${file.text}` : file.text)).join('\n'))
  } else {
    refuseRcConf(files.map(({ name }) => join(directory, name)))
    for (const file of files) writePrivateFile(join(directory, file.name), file.text, file.mode)
    if (to === 'networkd')
      writeErr(`  hint: chgrp systemd-network ${join(directory, files[0]?.name ?? '')}\n`)
  }
  return 0
}

/** Refuses to replace the file of the whole machine by the lines of one tunnel. Raises `E_EXISTS`. */
const refuseRcConf = (paths: readonly string[]): void => {
  const path = paths.find((one) => basename(one) === 'rc.conf' && existsSync(one))
  if (path === undefined) return
  throw new WgqError('E_EXISTS', `\`${path}' is there already and stays as it is`, {
    hint: 'write into another directory with --output, then take the lines over',
  })
}

/** Replaces a table name by its number in iproute2 on this machine; other programs do not read these names. */
const withTableNumber = async (tunnel: Tunnel): Promise<Tunnel> => {
  const { table } = tunnel
  if (
    process.platform !== 'linux' ||
    table === undefined ||
    /^(?:off|main|local|default|[0-9]+)$/.test(table)
  )
    return tunnel
  const { numberOfTable } = await import('@wgq/backends/linux/table-names')
  const number = numberOfTable(table)
  return number === undefined ? tunnel : { ...tunnel, table: String(number) }
}
