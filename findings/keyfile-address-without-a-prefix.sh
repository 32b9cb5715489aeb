#!/bin/sh
# SPDX-License-Identifier: MIT
# NetworkManager 1.42.4 (Debian 12): an address without a prefix length means two things. In a key file `address1=10.9.0.2` is
# 10.9.0.2/24 and `address1=fd00::2` is fd00::2/64; as an argument of nmcli the same texts are /32 and /128, as everywhere in WireGuard.
# Needs apt-get (Debian 12); installs nothing on the machine.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download network-manager=1.42.4-1+deb12u1 libnm0=1.42.4-1+deb12u1 libjansson4 libndp0 libpolkit-agent-1-0 \
  libpolkit-gobject-1-0 libreadline8 libmm-glib0 libbluetooth3 libteamdctl0 libcurl3-gnutls libnghttp2-14 librtmp1 libssh2-1 \
  libpsl5 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(echo "$dir"/root/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH
cat >wg0.nmconnection <<'FILE'
[connection]
id=wg0
type=wireguard
interface-name=wg0
[wireguard]
private-key=cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=
[ipv4]
method=manual
address1=10.9.0.2
[ipv6]
method=manual
address1=fd00::2
FILE
addresses() { sed -n 's/^address1=//p' | tr '\n' ' '; }
file=$(root/usr/bin/nmcli --offline connection modify connection.autoconnect no <wg0.nmconnection | addresses)
words=$(root/usr/bin/nmcli --offline connection add type wireguard con-name wg0 ifname wg0 ip4 10.9.0.2 ip6 fd00::2 | addresses)
echo "NetworkManager 1.42.4: from a key file $file, from the command line $words"
[ "$file" = '10.9.0.2/24 fd00::2/64 ' ] || { echo "changed: key file"; exit 1; }
[ "$words" = '10.9.0.2/32 fd00::2/128 ' ] || { echo "changed: command line"; exit 1; }
