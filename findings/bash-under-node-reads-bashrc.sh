#!/bin/sh
# SPDX-License-Identifier: MIT
# bash 5.2.15 (Debian 12) under Node.js: `bash -c` reads ~/.bashrc when a Node program started it with its standard input piped.
# Node's pipes are socket pairs, and Debian's bash takes a socket on standard input for a remote shell. With a pipe of the
# shell, or with stdio "ignore", the same command reads nothing. The lines of a person's .bashrc so change what a program runs.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo 'X=from-bashrc' >.bashrc
cat >run.cjs <<'JS'
const { spawnSync } = require('node:child_process')
const env = { HOME: process.argv[2], PATH: process.env.PATH }
const run = (stdin) => spawnSync('bash', ['-c', 'echo ${X-unset}'], { env, stdio: [stdin, 'pipe', 'inherit'] }).stdout.toString().trim()
console.log(`piped ${run('pipe')}, ignored ${run('ignore')}`)
JS
# shellcheck disable=SC2016 # X is for the inner shell
seen="$(node run.cjs "$dir"), pipe of a shell $(printf '' | env HOME="$dir" bash -c 'echo ${X-unset}')"
echo "$(bash --version | head -n 1), Node.js $(node --version): standard input $seen"
[ "$seen" = 'piped from-bashrc, ignored unset, pipe of a shell unset' ] || { echo "changed"; exit 1; }
