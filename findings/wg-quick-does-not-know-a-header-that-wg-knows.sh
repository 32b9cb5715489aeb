#!/bin/sh
# SPDX-License-Identifier: MIT
# wireguard-tools 1.0.20210914 (Debian 12): `wg` removes blanks everywhere in a line, so `[ Interface ]` is a section for it. `wg-quick`
# removes them only around the line and does not take this for its section: the keys that only it understands stay in what it
# hands to `wg`, which then refuses `Address`. Without such keys the same file works with both.
# Needs root (wg-quick asks for it also to print) and apt-get; installs nothing on the machine.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download wireguard-tools=1.0.20210914-1+b1 >/dev/null 2>&1 || apt-get download wireguard-tools >/dev/null
dpkg -x wireguard-tools_*.deb root
printf '%s\n' '[ Interface ]' 'Address = 10.0.0.2/24' 'PrivateKey = cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=' >blanks.conf
sed 's/\[ Interface \]/[Interface]/' blanks.conf >plain.conf
chmod 600 blanks.conf plain.conf
lines() { bash root/usr/bin/wg-quick strip "./$1" | grep -c Address || true; }
seen="blanks $(lines blanks.conf), none $(lines plain.conf)"
echo "wg-quick strip leaves these lines with Address: $seen"
[ "$seen" = 'blanks 1, none 0' ] || { echo "changed"; exit 1; }
