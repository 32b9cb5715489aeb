#!/bin/sh
# SPDX-License-Identifier: MIT
# ini 6.0.0 (npm): quotes change the type the wrong way round. A bare 12 is the text "12", '12' in single quotes is the number 12, and
# 'null' or '{"x":1}' in single quotes are null and an object: what is between single quotes is parsed as JSON. In double quotes
# 12 stays a text, and "a\tb" gets a tab.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --ignore-scripts ini@6.0.0
cat >types.mjs <<'JS'
import { parse } from 'ini'
const lines = ['bare = 12', "single = '12'", 'double = "12"', "none = 'null'", "object = '{\"x\":1}'", "text = 'a\\tb'", 'tab = "a\\tb"']
console.log(JSON.stringify(parse(lines.join('\n'))))
JS
seen=$(node types.mjs)
expected='{"bare":"12","single":12,"double":"12","none":null,"object":{"x":1},"text":"a\\tb","tab":"a\tb"}'
printf 'ini 6.0.0: %s\n' "$seen"
[ "$seen" = "$expected" ] || { printf 'changed: expected %s\n' "$expected"; exit 1; }
