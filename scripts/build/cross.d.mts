/** What is built unless something is named: each BSD on the two processors that are common. */
export const crossTargets: string[]
/** Compiles and links the addon for a target, warnings as errors; returns its path. */
export function buildCross(target: string): Promise<string>
/** Compiles the sources in which the systems differ for a target, warnings as errors; raises an Error with what it said. */
export function compileDiffering(target: string): Promise<void>
/** The symbols that a shared library wants from others and from the program that loads it. */
export function wantedSymbols(file: string): string[]
