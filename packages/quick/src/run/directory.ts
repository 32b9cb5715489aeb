// SPDX-License-Identifier: MIT

/** Journals, locks and what hooks are made of: gone after a restart of the machine. */
export const runDirectory = process.platform === 'linux' ? '/run/wgq' : '/var/run/wgq'
