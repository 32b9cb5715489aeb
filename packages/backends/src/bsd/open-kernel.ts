// SPDX-License-Identifier: MIT
import { release } from 'node:os'
import { derivePublicKey } from '@wgq/keys/derive'
import type { DeviceAccess } from '@wgq/model/device'
import { FreebsdDevices } from '../freebsd/devices.ts'
import { NetbsdDevices } from '../netbsd/devices.ts'
import { OpenbsdDevices } from '../openbsd/devices.ts'
import { systemRunner } from './command-runner.ts'
import { openIoctlPort } from './native-port.ts'
import { type BsdPlatform, indexIfKnown } from './open-host.ts'
import { afInet } from './sockaddr.ts'

/** AF_LOCAL of all BSDs. */
const afLocal = 1

/** The WireGuard driver of this BSD. Raises `E_UNSUPPORTED` on machines with another memory layout than amd64, arm64. */
export const openBsdKernel = (platform: BsdPlatform): DeviceAccess => {
  switch (platform) {
    case 'freebsd':
      // AF_LOCAL works in a jail without IPv4 as well.
      return new FreebsdDevices(openIoctlPort(afLocal), indexIfKnown)
    case 'openbsd':
      return new OpenbsdDevices(openIoctlPort(afInet), release(), indexIfKnown)
    case 'netbsd':
      return new NetbsdDevices({
        port: openIoctlPort(afInet),
        runner: systemRunner,
        interfaceIndex: indexIfKnown,
        publicKeyOf: derivePublicKey,
        warn: (sentence) => process.stderr.write(`Warning: ${sentence}\n`),
      })
  }
}
