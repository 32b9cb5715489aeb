// SPDX-License-Identifier: MIT
import { directiveValue, interfaceDirectives } from '@wgq/config/directives'
import { parseDocument } from '@wgq/config/document'
import { WgqError } from '@wgq/model/error'

/** The gateway that a file requests: forwards packets of the tunnel into other networks. */
export interface GatewayWanted {
  /** `auto` masquerades packets that leave by any other interface; else only those that leave by this uplink. */
  readonly masquerade?: string
  /** Allow connections from outside to the peers as well. */
  readonly inward: boolean
}

/**
 * Reads `# Masquerade = auto|UPLINK` and `# Forward = on` of the [Interface] section, which wg-quick ignores. Undefined
 * if neither is set, or both are `off`. Raises `E_VALUE` for an uplink that is not a valid interface name.
 */
export const gatewayWanted = (text: string, file: string): GatewayWanted | undefined => {
  const directives = interfaceDirectives(parseDocument(text))
  const masquerade = directiveValue(directives, 'Masquerade')
  const inward = isOn.test(directiveValue(directives, 'Forward') ?? '')
  if (masquerade === undefined || isOff.test(masquerade)) return inward ? { inward } : undefined
  const uplink = isOn.test(masquerade) ? 'auto' : masquerade
  if (!/^[^\s/"'\\{};#]{1,15}$/.test(uplink)) {
    const line = directives.findLast(({ key }) => key === 'masquerade')?.line ?? 1
    throw new WgqError('E_VALUE', `Masquerade takes auto or an interface, found ${JSON.stringify(uplink)}`, {
      at: { file, line, column: 1 },
      hint: 'write `# Masquerade = auto`, or the interface that leads to the internet',
    })
  }
  return { masquerade: uplink, inward }
}

const isOn = /^(?:on|yes|true)$/i
const isOff = /^(?:off|no|false)$/i
