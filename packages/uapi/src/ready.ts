// SPDX-License-Identifier: MIT

/** Environment variable with the descriptor on which the daemon reports "ready" or why it failed. */
export const readyVariable = 'WGQ_READY_FD'

/** The daemon writes this once `wg` can connect. Any other text is the reason of a failure. */
export const readyText = 'ready\n'
