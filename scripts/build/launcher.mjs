// SPDX-License-Identifier: MIT

/**
 * The text of a launcher: starts `program`.cjs of `libdir`, passing on how it was called.
 * NODE_OPTIONS and NODE_EXTRA_CA_CERTS slow Node down or change it (40 ms each start, measured): not passed on to Node.
 * @param {string} program name of the bundle without its ending
 * @param {string} [libdir] an absolute folder; without it the folder is found beside the launcher, links followed
 */
export const launcher = (program, libdir) =>
  libdir
    ? `#!/bin/sh
unset NODE_OPTIONS NODE_EXTRA_CA_CERTS
exec node ${libdir}/${program}.cjs "$0" "$@"
`
    : `#!/bin/sh
unset NODE_OPTIONS NODE_EXTRA_CA_CERTS
self=$0
while [ -L "$self" ]; do
  link=$(readlink "$self")
  case $link in /*) self=$link ;; *) self=\${self%/*}/$link ;; esac
done
exec node "\${self%/*}/../lib/${program}.cjs" "$0" "$@"
`
