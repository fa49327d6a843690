/** Of a text that a person may have edited: some editors of Windows begin a file with a mark, which `JSON.parse` refuses. Throws as that. */
export function parseEditedJson(text: string): unknown {
  return JSON.parse(text.replace(/^\uFEFF/, ''));
}
