/** The default targets: each BSD on the two common processors. */
export const crossTargets: string[]
/** Compiles and links the addon for a target, warnings as errors; returns its path. */
export function buildCross(target: string): Promise<string>
/**
 * Compiles the sources in which the systems differ for a target, warnings as errors; raises an Error with its output.
 */
export function compileDiffering(target: string): Promise<void>
/** The symbols that a shared library needs from others and from the program that loads it. */
export function wantedSymbols(file: string): string[]
