#!/bin/sh
# SPDX-License-Identifier: MIT
# systemd 252 (Debian 12): `resolvectl` under the name `resolvconf` takes the options of openresolv. With -f, which there means "no error
# if the interface does not exist when a record is deleted", it also adds to an interface that does not exist: status 0, no
# message, and nothing is set. Without -f the same call fails with status 1. wg-quick calls `resolvconf -f -d`.
# Needs apt-get (Debian 12); installs nothing on the machine.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download systemd=252.* systemd-resolved=252.* libsystemd-shared=252.* >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(echo "$dir"/root/usr/lib/*-linux-gnu/systemd)
export LD_LIBRARY_PATH
ln -s "$dir/root/usr/bin/resolvectl" resolvconf
status() { echo 'nameserver 192.0.2.1' | ./resolvconf "$@" >out 2>&1 && echo "0, $(wc -c <out) bytes" || echo "$?"; }
seen="-a: $(status -a nosuch0), -f -a: $(status -f -a nosuch0)"
echo "systemd 252, name servers of an interface that does not exist: $seen"
[ "$seen" = '-a: 1, -f -a: 0, 0 bytes' ] || { echo "changed"; exit 1; }
