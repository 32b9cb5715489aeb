// SPDX-License-Identifier: MIT

/** The directory of journals, locks and hook scripts: gone after a reboot. */
export const runDirectory = process.platform === 'linux' ? '/run/wgq' : '/var/run/wgq'
