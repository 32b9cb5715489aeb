#!/bin/sh
# SPDX-License-Identifier: MIT
# qr 0.7.0 (npm): a symbol cannot be made without its margin: `border: 0` is refused ("invalid border=0"), in every output, raw modules
# included. A program that draws its own margin has to ask for a border of 1 and cut one module off each side.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --ignore-scripts qr@0.7.0
cat >sizes.mjs <<'JS'
import encode from 'qr'
const size = (border) => {
  try {
    return encode('wg', 'raw', { border }).length
  } catch (error) {
    return error.message
  }
}
console.log([0, 1, 2].map((border) => `${border}: ${size(border)}`).join(', '))
JS
seen=$(node sizes.mjs)
echo "qr 0.7.0, modules by border: $seen"
[ "$seen" = '0: invalid border=0, 1: 23, 2: 25' ] || { echo "changed"; exit 1; }
