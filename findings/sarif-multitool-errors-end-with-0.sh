#!/bin/sh
# SPDX-License-Identifier: MIT
# @microsoft/sarif-multitool 5.7.0 (npm): `sarif-multitool validate` prints "error SARIF1011" about a file and ends with status 0 ("Analysis
# completed successfully"). The status says that the file was looked at, not that it is right: a build has to read the output.
# Needs npm, x86-64 Linux with glibc; downloads about 100 MB.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent @microsoft/sarif-multitool@5.7.0 @microsoft/sarif-multitool-linux@5.7.0
cat >old.sarif <<'FILE'
{"version":"2.1.0","$schema":"https://schemastore.azurewebsites.net/schemas/json/sarif-2.1.0-rtm.5.json","runs":[{"tool":{"driver":{"name":"x"}},"results":[]}]}
FILE
status=0
npx --no-install sarif-multitool validate old.sarif >out 2>&1 || status=$?
seen="status $status, errors $(grep -c ': error SARIF1011' out)"
echo "sarif-multitool 5.7.0: $seen"
[ "$seen" = 'status 0, errors 1' ] || { echo "changed"; exit 1; }
