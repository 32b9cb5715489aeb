#!/bin/sh
# SPDX-License-Identifier: MIT
# ini 6.0.0 (npm) and NetworkManager 1.42.4 (Debian 12): `ini.stringify` puts double quotes around every value that holds "=",
# as each base64 key of 32 bytes does. GLib's key files, which NetworkManager uses, have no quotes: they belong to the value.
# So a profile written by ini has a key of 46 characters, which is none: nmcli reads the file, keeps the quotes, and ends with status 0.
# Needs apt-get (Debian 12) and npm; installs nothing on the machine.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --ignore-scripts ini@6.0.0
apt-get download network-manager=1.42.4-1+deb12u1 libnm0=1.42.4-1+deb12u1 libjansson4 libndp0 libpolkit-agent-1-0 \
  libpolkit-gobject-1-0 libreadline8 libmm-glib0 libbluetooth3 libteamdctl0 libcurl3-gnutls libnghttp2-14 librtmp1 libssh2-1 \
  libpsl5 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(echo "$dir"/root/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH
cat >write.mjs <<'JS'
import { stringify } from 'ini'
console.log(
  stringify({
    connection: { id: 'wg0', type: 'wireguard', 'interface-name': 'wg0' },
    wireguard: { 'private-key': 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=' },
  }),
)
JS
node write.mjs >quoted.nmconnection
sed 's/="\(.*\)"$/=\1/' quoted.nmconnection >plain.nmconnection
key_of() { root/usr/bin/nmcli --offline connection modify connection.autoconnect no <"$1" 2>/dev/null | sed -n 's/^private-key=//p'; }
grep private-key quoted.nmconnection
echo "nmcli reads with quotes: '$(key_of quoted.nmconnection)', without: '$(key_of plain.nmconnection)'"
[ "$(grep -c 'private-key="' quoted.nmconnection)" = 1 ] || { echo "changed: ini does not quote the value"; exit 1; }
[ "$(key_of plain.nmconnection)" = cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo= ] || { echo "changed: plain key"; exit 1; }
[ "$(key_of quoted.nmconnection)" != "$(key_of plain.nmconnection)" ] || { echo "changed: quotes are read"; exit 1; }
