// SPDX-License-Identifier: MIT

/**
 * The text of a launcher: starts `program`.cjs of `libdir`, passing on how it was called.
 * WGQ_NODE_FLAGS is passed on to Node (`--jitless` where pages must not be writable and executable).
 * The daemon collects its garbage early: what strangers send to its socket must not pile up (docs/limits.md).
 * On SIGUSR1 Node opens its inspector, code as root for whoever connects, until the program has a handler of its own: so it
 * is told an address that is nobody's (RFC 1112 §4) and fails. Not every release knows --disable-sigusr1.
 * NODE_OPTIONS and NODE_EXTRA_CA_CERTS slow Node down or change it (40 ms each start, measured): not passed on to Node.
 * @param {string} program name of the bundle without its ending
 * @param {string} [libdir] an absolute folder; without it the folder is found beside the launcher, links followed
 */
export const launcher = (program, libdir) => {
  const flags = `--inspect-port=240.0.0.1:65535 ${program === 'wgqd' ? '--max-semi-space-size=1 ' : ''}\${WGQ_NODE_FLAGS-}`
  return libdir
    ? `#!/bin/sh
unset NODE_OPTIONS NODE_EXTRA_CA_CERTS
exec node ${flags} ${libdir}/${program}.cjs "$0" "$@"
`
    : `#!/bin/sh
unset NODE_OPTIONS NODE_EXTRA_CA_CERTS
self=$0
while [ -L "$self" ]; do
  link=$(readlink "$self")
  case $link in /*) self=$link ;; *) self=\${self%/*}/$link ;; esac
done
exec node ${flags} "\${self%/*}/../lib/${program}.cjs" "$0" "$@"
`
}
