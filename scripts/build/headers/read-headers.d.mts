/** Checks `values` by static assertions; returns the names of wrong ones, empty if all are right. */
export function wrongFacts(
  system: string,
  architecture: string,
  values: Readonly<Record<string, number>>,
): string[]
