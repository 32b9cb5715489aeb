/** What is built unless something is named: each BSD on the two processors that are common. */
export const crossTargets: string[]
/** Compiles and links the addon for a target, warnings as errors; returns its path. */
export function buildCross(target: string): Promise<string>
/** The symbols that a shared library wants from others and from the program that loads it. */
export function wantedSymbols(file: string): string[]
