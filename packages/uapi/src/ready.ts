// SPDX-License-Identifier: MIT

/** Environment variable that tells the daemon which descriptor to say "ready" on, or why not. */
export const readyVariable = 'WGQ_READY_FD'

/** What the daemon writes once `wg` can talk to it. Anything else before the end of the stream is why it failed. */
export const readyText = 'ready\n'
