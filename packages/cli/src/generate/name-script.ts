// SPDX-License-Identifier: MIT

/**
 * A script for `sed -nE`, quoted for shells, that prints peer names: the forms in config/names.ts that are on a
 * separate line. Leaves out names with blanks, which a shell would split.
 */
export const nameScript = `'s/^(#\\[disabled\\] )?[[:space:]]*#+[[:space:]]*((friendly_)?[Nn]ame[[:space:]]*[=:]|begin|[Cc]lient:?)[[:space:]]+([^[:space:]#]+)[[:space:]]*(\\([^()]*\\))?[[:space:]#]*$/\\4/p'`
