// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'

/** The error for an interface that is not a WireGuard one, in upstream's words. */
export const notWireGuard = (name: string): WgqError =>
  new WgqError('E_NOT_WIREGUARD', `\`${name}' is not a WireGuard interface`, {
    hint: '`wgq list` shows every tunnel and its state; `wgq up NAME` brings one up',
  })
