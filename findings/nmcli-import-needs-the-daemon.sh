#!/bin/sh
# SPDX-License-Identifier: MIT
# NetworkManager 1.42.4 (Debian 12): `nmcli --offline` writes and changes profiles without the daemon, but `connection import`, which
# turns a WireGuard file into a profile, refuses it: a file can only be converted on a machine where the daemon runs, and the
# profile is active there at once. `connection add type wireguard` works offline and has no words for peers.
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
printf '[Interface]\nPrivateKey = cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=\nAddress = 10.0.0.2/24\n' >wg0.conf
imported=0
root/usr/bin/nmcli --offline connection import type wireguard file wg0.conf 2>message || imported=$?
added=0
root/usr/bin/nmcli --offline connection add type wireguard con-name wg0 ifname wg0 >profile || added=$?
echo "NetworkManager 1.42.4, offline: import $imported ($(cat message)), add $added"
[ "$imported $added" = '2 0' ] || { echo "changed"; exit 1; }
grep -q "doesn't support --offline" message || { echo "changed: the message"; exit 1; }
