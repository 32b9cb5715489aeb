// SPDX-License-Identifier: MIT
import { directiveValue, interfaceDirectives } from '@wgq/config/directives'
import { parseDocument } from '@wgq/config/document'

/**
 * Says whether a configuration requests the kill switch: a comment `# KillSwitch = on` between the [Interface] header
 * and the next one, which wg-quick ignores. The last one counts; `off`, `no` and `false` switch it off.
 */
export const wantsKillSwitch = (text: string): boolean =>
  /^(?:on|yes|true)$/i.test(directiveValue(interfaceDirectives(parseDocument(text)), 'KillSwitch') ?? '')
