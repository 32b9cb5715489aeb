// SPDX-License-Identifier: MIT
import type { DirectiveName } from '@wgq/config/directive-names'
import { directiveFault } from '@wgq/config/lint/directives'
import { notOfOneHost } from '@wgq/config/peers/host-address'
import { parseCidr } from '@wgq/model/cidr'
import { WgqError } from '@wgq/model/error'
import { shown } from '@wgq/model/shown'
import { numberValue, oneValue, type ParsedArguments } from '../options.ts'

/** The settings of a new file that options give; absent ones are chosen. */
interface GivenSettings {
  readonly addresses?: readonly string[]
  readonly port?: number
  readonly endpoint?: string
  /** The value of `# Masquerade`. */
  readonly nat?: string
  readonly dns?: string
}

/** Reads the options of `wgq init`: no value can make a line of its own in the file. Raises `E_USAGE`. */
export const givenSettings = (parsed: ParsedArguments): GivenSettings => {
  const addresses = wordsOf(parsed)
  const port = numberValue(parsed, 'port', 1)
  if (port !== undefined && (port > 65535 || !Number.isInteger(port)))
    throw refusal('port', 'a number from 1 to 65535', String(port))
  const endpoint = oneValue(parsed, 'endpoint')?.trim()
  if (endpoint === '') throw refusal('endpoint', 'HOST or HOST:PORT', '')
  const nat = oneValue(parsed, 'nat')
  const dns = directive(parsed, 'dns', 'ClientDNS')
  return {
    ...(addresses && { addresses }),
    ...(port === undefined ? {} : { port }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(nat === undefined
      ? {}
      : { nat: nat === '' ? 'auto' : (directive(parsed, 'nat', 'Masquerade') as string) }),
    ...(dns === undefined ? {} : { dns }),
  }
}

const wordsOf = (parsed: ParsedArguments): string[] | undefined => {
  const text = oneValue(parsed, 'address')
  if (text === undefined) return undefined
  const words = text.split(/[\s,]+/).filter(Boolean)
  const bad = words.find((word) => !word.includes('/') || !isOfOneHost(word))
  if (bad === undefined && words.length > 0) return [...new Set(words)]
  throw refusal(
    'address',
    'addresses of a machine with their prefix lengths, such as 10.8.0.1/24',
    bad ?? text,
  )
}

const isOfOneHost = (word: string): boolean => {
  const cidr = parseCidr(word)
  return cidr !== undefined && notOfOneHost(cidr, [cidr]) === undefined
}

const directive = (parsed: ParsedArguments, option: string, name: DirectiveName): string | undefined => {
  const value = oneValue(parsed, option)
  if (value === undefined) return undefined
  const takes = directiveFault(name, value)
  if (takes === undefined) return value.trim()
  throw refusal(option, takes, value)
}

const refusal = (option: string, takes: string, found: string): WgqError =>
  new WgqError(
    'E_USAGE',
    `--${option} takes ${takes}, found ${found === '' ? 'nothing' : `"${shown(found)}"`}`,
  )
