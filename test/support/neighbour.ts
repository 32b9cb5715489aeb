// SPDX-License-Identifier: MIT
import type { ChildProcess } from 'node:child_process'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Namespace, until } from './netns.ts'

/** Debian's packages, unpacked and not installed: their daemons must not run on the machine itself. */
const unpacked = (folder: string, program: string, packages: string): { root: string; why?: string } => {
  const root = join(import.meta.dirname, '../../.cache', folder)
  if (existsSync(join(root, program))) return { root }
  // Atomically: another test may unpack them at the same time.
  const script = `set -e; new=$(mktemp -d "$1.XXXX"); trap 'rm -rf "$new"' EXIT; cd "$new"; apt-get -qq download ${packages}
for file in *.deb; do dpkg -x "$file" .; done; rm -f *.deb; mv -T "$new" "$1" || [ -e "$1/${program}" ]`
  mkdirSync(dirname(root), { recursive: true })
  const { status } = spawnSync('bash', ['-c', script, 'fetch', root], { stdio: 'ignore' })
  return status === 0 ? { root } : { root, why: `${packages.split(' ')[0]} cannot be had from Debian` }
}

/** NetworkManager with its libraries. */
export const unpackedNetworkManager = () =>
  unpacked(
    'network-manager',
    'usr/sbin/NetworkManager',
    'network-manager libnm0 dbus-daemon dbus-bin libndp0 libteamdctl0 libbluetooth3 libjansson4 libcurl3-gnutls libmm-glib0 libpsl5 libnss3 libnspr4',
  )

/** firewalld with the Python modules it needs, for this machine's python3. */
export const unpackedFirewalld = () =>
  unpacked(
    'firewalld',
    'usr/sbin/firewalld',
    'firewalld python3-firewall python3-nftables python3-dbus python3-gi gir1.2-glib-2.0 gir1.2-freedesktop libgirepository-1.0-1 python3-cap-ng libcap-ng0',
  )

/** A manager of name servers, for a copy of the system. */
export const unpackedResolver = (name: 'openresolv' | 'resolvconf' | 'systemd-resolved') =>
  unpacked(`resolver-${name}`, name === 'systemd-resolved' ? 'usr/bin/resolvectl' : 'sbin/resolvconf', name)

/** Shell lines that write `/run/bus.conf`, the configuration of a bus that every user may call. */
export const writeBusConfiguration = `cat > /run/bus.conf <<END
<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
<allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>
</policy></busconfig>
END
`

// Sets up a private bus, /run, /etc and /usr, then runs the lines of standard input.
const script = `
mount -t tmpfs tmpfs /run
mkdir -p /run/dbus /run/etc /run/etc-work
mount -t overlay overlay -o "lowerdir=$1/etc:/etc,upperdir=/run/etc,workdir=/run/etc-work" /etc
mount -t overlay overlay -o "lowerdir=$1/usr:/usr" /usr
# A container has no udev: devices are ready as they are.
mount -o remount,ro /sys
# Without polkit, whom an unpacked program would ask, everybody may call it.
${writeBusConfiguration}dbus-daemon --config-file=/run/bus.conf --nofork >/dev/null 2>&1 &
while [ ! -S /run/dbus/system_bus_socket ]; do read -rt 0.1 <> <(:); done
echo "@ 0"
while IFS= read -r line; do eval "$line"; echo "@ $?"; done
`

/** Another program beside a tunnel, in the tunnel's network namespace and a private file system. */
export class Neighbour {
  private readonly child: ChildProcess
  /** The output of its commands. */
  said = ''

  private constructor(ns: Namespace, root: string) {
    this.child = ns.start('unshare', ['-m', 'bash', '-c', script, 'neighbour', root], {}, 'pipe')
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.said += text
      })
  }

  /** Starts a bus for it. `root` holds unpacked packages, which are overlaid on /usr and /etc. */
  static async start(ns: Namespace, root: string): Promise<Neighbour> {
    const neighbour = new Neighbour(ns, root)
    await until('a bus', () => neighbour.said.includes('@ 0\n'), 20_000).catch((error) => {
      throw new Error(`${error.message}: ${neighbour.said}`)
    })
    return neighbour
  }

  /** Runs one line of bash and returns its exit status; a trailing `&` leaves it running. */
  async run(line: string): Promise<number> {
    const before = this.said.length
    this.child.stdin?.write(`${line}\n`)
    const status = () => /^@ (\d+)$/m.exec(this.said.slice(before))?.[1]
    await until(line, () => status() !== undefined, 60_000).catch((error) => {
      throw new Error(`${error.message}: ${this.said}`)
    })
    return Number(status())
  }

  /** Runs a line until it succeeds. */
  async succeeds(line: string): Promise<void> {
    for (let tries = 0; tries < 100; tries++) {
      if ((await this.run(line)) === 0) return
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    throw new Error(`${line}: ${this.said}`)
  }
}
