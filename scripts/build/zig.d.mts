/** The release that is pinned. */
export const zigVersion: string
/** Path of zig, installed on first use. Throws an Error that says what is missing where it cannot be installed. */
export function zig(): string
/** Environment for running zig. */
export function zigEnvironment(): NodeJS.ProcessEnv
