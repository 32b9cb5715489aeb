// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { blocksOf } from '../../test/docs/blocks.ts'
import { workspace } from '../../test/support/workspace.ts'

/** The commands of the Nth block below a title of the README, as root runs them. */
export const commands = (title: string, nth: number): string[] => {
  const lines = readFileSync(join(workspace, 'README.md'), 'utf8').split('\n')
  const from = lines.indexOf(`## ${title}`) + 1
  const block = blocksOf('README.md').filter(({ line }) => line > from)[nth]
  if (from === 0 || !block) throw new Error(`the README has no block ${nth} below "${title}"`)
  return block.text.split('\n').map((line) => line.replace(/^sudo /, '').replace(/ +#.*$/, ''))
}

/** Brings up both ends of a tunnel on the loopback with the wgq in PATH, waits for a handshake, and takes them down. */
export const tunnel = `
umask 077
mkdir -p /etc/wireguard
end() {
  printf '%s\\n' '[Interface]' "PrivateKey = $2" "ListenPort = $4" "Address = $6/32" '[Peer]' "PublicKey = $3" \\
    "AllowedIPs = $7/32" "Endpoint = 127.0.0.1:$5" 'PersistentKeepalive = 1' >/etc/wireguard/$1.conf
}
near=$(wgq genkey) far=$(wgq genkey)
end wg0 "$near" "$(echo "$far" | wgq pubkey)" 51820 51821 10.9.0.1 10.9.0.2
end wg1 "$far" "$(echo "$near" | wgq pubkey)" 51821 51820 10.9.0.2 10.9.0.1
wgq up wg0
wgq up wg1
wgq wait wg0 --handshake --timeout 30
wgq reload wg0
wgq down wg0
wgq down wg1
[ -z "$(ls /sys/class/net | grep wg)" ]
rm -r /etc/wireguard
`
