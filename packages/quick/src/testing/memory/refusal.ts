// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'

/** A refusal by the kernel, in the words and with the status of `ip`. */
export const refusal = (errno: string, words: string): WgqError =>
  new WgqError('E_HOST', words, { errno, exitCode: 2 })

export const exists = (): WgqError => refusal('EEXIST', 'RTNETLINK answers: File exists')
export const noProcess = (): WgqError => refusal('ESRCH', 'RTNETLINK answers: No such process')
export const noDevice = (name: string): WgqError =>
  new WgqError('E_HOST', `Cannot find device "${name}"`, { errno: 'ENODEV', exitCode: 1 })
