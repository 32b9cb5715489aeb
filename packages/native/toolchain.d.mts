// SPDX-License-Identifier: MIT

/** Flags for Node's and OpenSSL's headers. Throws an Error that names what is missing and how to get it. */
export function headerFlags(cxx: readonly string[], includeDirectory?: string): string[]

/** Flags of every compilation. */
export function compileFlags(optimisation: readonly string[]): string[]
