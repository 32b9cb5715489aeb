// SPDX-License-Identifier: MIT

/** The releases of Node that are tested: the oldest that is supported, and the newest of each line after it. */
export const nodeVersions: readonly string[]
/** Folder of a release (bin/node, include/node), fetched by npm into `.cache` on first use. Throws where it cannot. */
export const nodeFolder: (version: string, arch?: 'x64' | 'arm64') => string
