// SPDX-License-Identifier: MIT

/**
 * A valid nft name that is different for every interface. nft accepts neither `=` nor `+`; they become `/3d` and `/2b`,
 * because no interface name contains a slash. All other names are upstream's.
 */
export const tableName = (prefix: string, dev: string): string =>
  `${prefix}${dev.replace(/[=+]/g, (char) => `/${char.charCodeAt(0).toString(16)}`)}`
