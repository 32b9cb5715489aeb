// SPDX-License-Identifier: MIT
import { loadAddon } from '../addon.ts'

/** unveil(2) of OpenBSD: only named paths of the file system stay visible, with `permissions` out of `rwxc`. A call
 *  without a path ends the naming. Raises an error with `code`. */
export const unveil = (path?: string, permissions?: string): void => loadAddon().unveil(path, permissions)

/** pledge(2) of OpenBSD: a system call outside the promised groups ends the process. Raises an error with `code`. */
export const pledge = (promises: string): void => loadAddon().pledge(promises)
