#!/bin/sh
# SPDX-License-Identifier: MIT
# yargs 18.2.0 (npm): an argument that begins with "-" and a digit is kept as a word only when the whole of it is a number. "-10.0"
# stays a word, the network "-10.0.0.0/8" (wg's spelling for "take this network away") is taken apart into the options 1 and 0.
# Nothing is refused, the word is missing from the list, and option 0 has the value ".0.0.0/8".
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --ignore-scripts yargs@18.2.0
cat >words.mjs <<'JS'
import yargs from 'yargs'
const words = (...argv) => {
  const { _, 0: zero, 1: one } = yargs(argv).parseSync()
  return JSON.stringify({ _, zero, one })
}
console.log(words('set', 'allowed-ips', '-10.0'), words('set', 'allowed-ips', '-10.0.0.0/8'))
JS
seen=$(node words.mjs)
expected='{"_":["set","allowed-ips",-10]} {"_":["set","allowed-ips"],"zero":".0.0.0/8","one":true}'
echo "yargs 18.2.0: $seen"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
