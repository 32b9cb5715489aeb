#!/bin/sh
# SPDX-License-Identifier: MIT
# ini 6.0.0 (npm): repeated sections become one object, so a WireGuard file with three peers is read as a file with one.
# The later section's keys replace the earlier ones. A comment behind the header makes the header a key of the section before.
# WireGuard, systemd and Samba files repeat sections or carry such comments; their own readers keep each section apart.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --ignore-scripts ini@6.0.0
cat >read.mjs <<'JS'
import { parse } from 'ini'
const peers = ['[Peer]', 'PublicKey = a', '[Peer]', 'PublicKey = b', '[Peer] # phone', 'PublicKey = c']
console.log(JSON.stringify(parse(peers.join('\n'))))
JS
seen=$(node read.mjs)
expected='{"Peer":{"PublicKey":"c","[Peer]":true}}'
echo "ini 6.0.0 reads three sections as: $seen"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
