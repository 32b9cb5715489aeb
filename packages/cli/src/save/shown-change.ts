// SPDX-License-Identifier: MIT
import { shown } from '@wgq/model/shown'

/** A line of a configuration file for a terminal: without secrets, control characters and the CR at its end. */
export const shownChange = (line: string): string =>
  shown(line.replace(/\r$/, '').replace(secret, '$1(hidden)'))

/** A line with a secret key, also if commented out. */
const secret = /^([\s#]*(?:\[disabled\]\s*)?(?:private|preshared)key\s*=\s*).+/i
