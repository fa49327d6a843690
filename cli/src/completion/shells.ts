/** Shells that there is a script for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** The hidden command that the scripts ask: it prints `files`, or `words` and then a line `value TAB description` for each candidate. */
export const ASK = '__complete';
