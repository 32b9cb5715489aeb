// SPDX-License-Identifier: MIT
import { loadAddon } from '../addon.ts'

/** unveil(2) of OpenBSD: of the file system only what was named stays visible, with `permissions` out of `rwxc`. Without a
 *  path nothing more can be named. Raises an error with `code`. */
export const unveil = (path?: string, permissions?: string): void => loadAddon().unveil(path, permissions)

/** pledge(2) of OpenBSD: any other system call than the promised groups ends the process. Raises an error with `code`. */
export const pledge = (promises: string): void => loadAddon().pledge(promises)
