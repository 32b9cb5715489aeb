#!/bin/sh
# SPDX-License-Identifier: MIT
# nftables 1.0.6 (Debian 12): the type of a value in `nft -j` depends on a file. `meta l4proto udp` is listed with "right": "udp", and
# where the machine has no /etc/protocols (as in many containers) with "right": 17. The same holds for the text, and for rules
# that were loaded as "udp". A program that compares rules must take both.
# Needs root, nftables and python3; works in namespaces of its own.
set -eu
command -v nft >/dev/null || { echo "skipped: apt-get install nftables"; exit 0; }
ask='nft add table inet t; nft add chain inet t c; nft add rule inet t c meta l4proto 17 accept
nft -j list chain inet t c | python3 -c "
import json, sys
print(json.dumps([item[\"rule\"] for item in json.load(sys.stdin)[\"nftables\"] if \"rule\" in item][0][\"expr\"][0][\"match\"][\"right\"]))"'
with=$(unshare -n sh -c "$ask")
without=$(unshare -n -m sh -c "mount --bind /dev/null /etc/protocols; $ask")
echo "$(nft --version): with /etc/protocols $with, without $without"
[ "$with $without" = '"udp" 17' ] || { echo "changed"; exit 1; }
