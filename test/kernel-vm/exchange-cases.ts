// SPDX-License-Identifier: MIT

/** A file that is exported, loaded by the other program, and brought up by `wgq up`. Its interface is wgqx. */
interface ExchangeCase {
  readonly name: string
  readonly conf: string
  /** What is known to differ, as a `lost:` line says: lines of `wgq up` that the other program does not have, and its own. */
  readonly differs?: Readonly<
    Record<string, { readonly without: readonly string[]; readonly instead: readonly string[] }>
  >
}

const key = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='
const one = '[Peer]\nPublicKey = Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=\n'
const two = '[Peer]\nPublicKey = Ke8wUlvynA9acjhkHdychziB5/e1YigBuCvIiQ3jTSM=\n'

/** Full, split, and with a table of its own. */
export const exchangeCases: readonly ExchangeCase[] = [
  {
    name: 'full',
    conf: `[Interface]\nPrivateKey = ${key}\nAddress = 10.9.0.2/24, fd00:9::2/64\nDNS = 10.9.0.1, fd00:9::1, corp.example\nMTU = 1380\n${one}PresharedKey = ${key}\nAllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = 192.0.2.77:51820\nPersistentKeepalive = 25\n`,
  },
  {
    name: 'split',
    conf: `[Interface]\nPrivateKey = ${key}\nListenPort = 40111\nAddress = 10.9.0.2/24, fd00:9::2/64\nDNS = 10.9.0.1\n${one}AllowedIPs = 10.9.0.0/24, fd00:9::/64\nEndpoint = 192.0.2.77:51820\n${two}AllowedIPs = 10.20.0.0/16\nEndpoint = [2001:db8::77]:51820\n`,
  },
  {
    name: 'table',
    differs: {
      // The route of the address itself goes into the table too.
      NetworkManager: {
        without: ['route 10.9.0.0/24 main', 'way 10.9.0.77 wgqx'],
        instead: ['way 10.9.0.77 up0'],
      },
    },
    conf: `[Interface]\nPrivateKey = ${key}\nListenPort = 40112\nTable = 1234\nAddress = 10.9.0.2/24\n${one}AllowedIPs = 10.9.0.0/24, 10.20.0.0/16\nEndpoint = 192.0.2.77:51820\n`,
  },
]
