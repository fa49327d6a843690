/** As Python reads a request's body: it knows NaN and infinities, and what is no JSON at all counts as empty. */
export function pythonJson(text: string): Record<string, unknown> {
  const value = parsed(text) ?? parsed(text.replace(LITERALS, replaced));
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (unmarked(value) as Record<string, unknown>) : {};
}

const LITERALS = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g;
const MARK = '\u0000python:';

function replaced(token: string): string {
  return token.startsWith('"') ? token : JSON.stringify(`${MARK}${token}`);
}

function unmarked(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith(MARK) ? Number(value.slice(MARK.length)) : value;
  if (Array.isArray(value)) return value.map(unmarked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, unmarked(field)]));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
