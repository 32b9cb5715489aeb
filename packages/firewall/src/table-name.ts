// SPDX-License-Identifier: MIT

/**
 * A name for nft that is always valid and different for every interface. nft takes neither `=` nor `+`; they are as `/3d`
 * and `/2b`, because no interface has a slash in its name. All other names are upstream's.
 */
export const tableName = (prefix: string, dev: string): string =>
  `${prefix}${dev.replace(/[=+]/g, (char) => `/${char.charCodeAt(0).toString(16)}`)}`
