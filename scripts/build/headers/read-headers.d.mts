/** What of `values` is not so by static assertions: the names, empty when all is right. */
export function wrongFacts(
  system: string,
  architecture: string,
  values: Readonly<Record<string, number>>,
): string[]
