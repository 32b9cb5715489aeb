#!/bin/sh
# SPDX-License-Identifier: MIT
# nftables 1.0.6 and iptables 1.8.9 (Debian 12): of a rule that `iptables-nft` wrote with an extension, `nft -j list ruleset` prints
# {"xt": {"type": "match", "name": "connmark"}}: the name of the extension without its arguments. The text of the same rule, without
# -j, says `ct mark 0x3`. A program that reads the JSON cannot know what the rule matches.
# Needs root, nftables and iptables; works in a network namespace of its own.
set -eu
for program in nft iptables-nft python3; do
  command -v "$program" >/dev/null || { echo "skipped: apt-get install nftables iptables python3"; exit 0; }
done
seen=$(unshare -n sh -c '
  iptables-nft -A INPUT -m connmark --mark 3 -j DROP
  nft -j list ruleset | python3 -c "
import json, sys
rules = [item[\"rule\"] for item in json.load(sys.stdin)[\"nftables\"] if \"rule\" in item]
print(json.dumps(rules[0][\"expr\"][0]), end=\"; \")"
  nft list ruleset 2>/dev/null | grep -o "ct mark [0-9a-fx]*"')
echo "$(nft --version), JSON; text: $seen"
[ "$seen" = '{"xt": {"type": "match", "name": "connmark"}}; ct mark 0x3' ] || { echo "changed"; exit 1; }
