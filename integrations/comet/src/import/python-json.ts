/** JSON as Python writes it: infinities and NaN, of which JSON knows nothing, stand in it bare, and become texts. Throws a SyntaxError. */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    return JSON.parse(withTexts(text));
  }
}

/** Between its strings. */
function withTexts(text: string): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length;) {
    const open = text.indexOf('"', at);
    const close = open === -1 ? -1 : closeOf(text, open);
    parts.push(text.slice(at, open === -1 ? text.length : open).replace(/-?Infinity|NaN/g, '"$&"'));
    if (open !== -1) parts.push(text.slice(open, close));
    at = open === -1 ? text.length : close;
  }
  return parts.join('');
}

/** Where a string ends that begins at `open`. */
function closeOf(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}
