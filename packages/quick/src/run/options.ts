// SPDX-License-Identifier: MIT
import type { Session } from '../session.ts'
import type { Journal, TunnelOptions } from './journal.ts'

/** A session with the options given to `up`: they hold until `down`, whatever the file contains meanwhile. */
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

/** The options that the journal keeps. */
export const optionsOf = ({ killSwitchOption, strict }: Session): TunnelOptions => ({
  ...(killSwitchOption ? { killSwitch: true } : {}),
  ...(strict ? { strict: true } : {}),
})
