// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'

/** The error for a data plane whose interface is not in the namespace: it was moved by hand, or deleted. */
export const withoutInterface = (name: string): WgqError =>
  new WgqError(
    'E_NOT_WIREGUARD',
    `${name} has no interface in this network namespace, but its data plane runs`,
    {
      hint: `\`ip link set ${name} netns 1\`, run where it is now, brings it back; \`wgq down ${name}\` ends it`,
    },
  )

/** The error for an interface that is not a WireGuard one, in upstream's words. */
export const notWireGuard = (name: string): WgqError =>
  new WgqError('E_NOT_WIREGUARD', `\`${name}' is not a WireGuard interface`, {
    hint: '`wgq list` shows every tunnel and its state; `wgq up NAME` brings one up',
  })
