/** The first line of a text that may have several, for a place that has room for one. */
export const firstLine = (text: string): string => text.trimStart().split(/\r?\n/, 1)[0]!;
