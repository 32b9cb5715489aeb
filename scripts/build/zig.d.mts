/** The pinned release. */
export const zigVersion: string
/** Path of zig, installed on first use. Throws an Error that names what is missing if it cannot be installed. */
export function zig(): string
/** Environment for running zig. */
export function zigEnvironment(): NodeJS.ProcessEnv
