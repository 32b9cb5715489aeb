// SPDX-License-Identifier: MIT
import { endianness, release } from 'node:os'
import { derivePublicKey } from '@wgq/keys/derive'
import type { DeviceAccess } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import { visible } from '@wgq/model/shown'
import { machineOf } from '@wgq/native/bsd/machine'
import { FreebsdDevices } from '../freebsd/devices.ts'
import { NetbsdDevices } from '../netbsd/devices.ts'
import { OpenbsdDevices } from '../openbsd/devices.ts'
import { systemRunner } from './command-runner.ts'
import { openIoctlPort } from './native-port.ts'
import { type BsdPlatform, indexIfKnown } from './open-host.ts'
import { afInet } from './sockaddr.ts'

/** AF_LOCAL of all BSDs. */
const afLocal = 1

/** The WireGuard driver of this BSD. Raises `E_UNSUPPORTED` on processors that are not in the header table. */
export const openBsdKernel = (platform: BsdPlatform): DeviceAccess => {
  const machine = machineOf(platform) ?? unknownMachine(platform)
  switch (platform) {
    case 'freebsd':
      // AF_LOCAL also works in a jail without IPv4.
      return new FreebsdDevices(openIoctlPort(afLocal), indexIfKnown, machine)
    case 'openbsd':
      return new OpenbsdDevices(openIoctlPort(afInet), release(), indexIfKnown, machine)
    case 'netbsd':
      return new NetbsdDevices({
        port: openIoctlPort(afInet),
        machine,
        runner: systemRunner,
        interfaceIndex: indexIfKnown,
        publicKeyOf: derivePublicKey,
        warn: (sentence) => process.stderr.write(`Warning: ${visible(sentence)}\n`),
      })
  }
}

const unknownMachine = (platform: BsdPlatform): never => {
  throw new WgqError(
    'E_UNSUPPORTED',
    `The layout of the kernel's structures on ${process.arch} (${endianness()}) is not known for ${platform}`,
    { hint: 'The userspace data plane works without the kernel driver' },
  )
}
