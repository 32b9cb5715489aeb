// SPDX-License-Identifier: MIT

/**
 * A script for `sed -nE`, quoted for the shells, that prints the names of peers: the forms of config/names.ts that are on a
 * line of their own. Names with blanks are left out: a shell would take them apart.
 */
export const nameScript = `'s/^(#\\[disabled\\] )?[[:space:]]*#+[[:space:]]*((friendly_)?[Nn]ame[[:space:]]*[=:]|begin|[Cc]lient:?)[[:space:]]+([^[:space:]#]+)[[:space:]]*(\\([^()]*\\))?[[:space:]#]*$/\\4/p'`
