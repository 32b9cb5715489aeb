// SPDX-License-Identifier: MIT

/**
 * Stands for the package string-width in the bundles: yargs imports it for help texts, which wgq formats itself.
 * @param {string} text
 * @returns {number} width in columns, of plain ASCII
 */
const width = (text) => text.length

// biome-ignore lint/style/noDefaultExport: yargs imports it so
export default width
