// SPDX-License-Identifier: MIT
import type { Settings } from '@wgq/config/settings'
import type { Session } from '../session.ts'
import { textsOf } from '../systems/system.ts'
import type { Journal } from './journal-record.ts'

/** A hook's text with every `%i` replaced by the interface name. */
export const expandHook = (text: string, interfaceName: string): string =>
  text.replaceAll('%i', () => interfaceName)

/** Shell options that upstream sets while a hook runs; bash reads the script on descriptor 3. */
export const hookShellArguments: readonly string[] = ['-e', '-o', 'pipefail', '-O', 'extglob', '/dev/fd/3']

/**
 * The shell script that runs one hook: upstream's variables (not exported) and functions, then the text itself (spec
 * wg-quick §5).
 */
export const hookScript = (command: string, view: Session): string => {
  const { settings } = view
  const list = (values: readonly { value: string }[]): string =>
    `(${values.map(({ value }) => quote(value)).join(' ')})`
  return [
    'exec 3<&-',
    `BASH_ARGV0=${quote(view.script)}`,
    `PROGRAM=${quote(view.program)}`,
    `CONFIG_FILE=${quote(view.configPath)}`,
    `INTERFACE=${quote(view.name)}`,
    `ADDRESSES=${list(settings.addresses)}`,
    `DNS=${list(settings.dnsServers)}`,
    `DNS_SEARCH=${list(settings.dnsSearch)}`,
    `MTU=${quote(settings.mtu?.value ?? '')}`,
    `TABLE=${quote(settings.table?.value ?? '')}`,
    `PRE_UP=${list(settings.hooks.preUp)}`,
    `POST_UP=${list(settings.hooks.postUp)}`,
    `PRE_DOWN=${list(settings.hooks.preDown)}`,
    `POST_DOWN=${list(settings.hooks.postDown)}`,
    `SAVE_CONFIG=${settings.saveConfig ? 1 : 0}`,
    'cmd() { echo "[#] $*" >&2; "$@"; }',
    'die() { echo "$PROGRAM: $*" >&2; exit 1; }',
    `eval ${quote(command)}`,
    '',
  ].join('\n')
}

/** The hooks that `down` runs, as the journal keeps them. */
export const hooksOfDown = ({ hooks }: Settings): NonNullable<Journal['hooks']> => ({
  preDown: textsOf(hooks.preDown),
  postDown: textsOf(hooks.postDown),
})

/** Quotes any text as one word of a shell script. */
export const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
