// SPDX-License-Identifier: MIT
import type { Session } from '../session.ts'
import type { Journal, TunnelOptions } from './journal.ts'

/** A session with the options that `up` was given: they hold until `down`, whatever the file says meanwhile. */
export const withOptions = (session: Session, journal: Journal | undefined): Session => {
  const noted = journal?.options
  const isWgq = session.style === 'wgq'
  const killSwitchOption = isWgq && ((session.killSwitchOption ?? false) || (noted?.killSwitch ?? false))
  return {
    ...session,
    killSwitch: killSwitchOption || (isWgq && (session.killSwitch ?? false)),
    killSwitchOption,
    strict: session.strict || noted?.strict === true,
  }
}

/** What the journal keeps of them. */
export const optionsOf = ({ killSwitchOption, strict }: Session): TunnelOptions => ({
  ...(killSwitchOption ? { killSwitch: true } : {}),
  ...(strict ? { strict: true } : {}),
})
