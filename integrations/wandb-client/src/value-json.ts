/**
 * W&B keeps values as JSON in which NaN, Infinity and -Infinity stand bare, as Python's `json` writes them. In a config NaN is null instead: give
 * `nan: 'null'`. What JSON has no word for is left out of objects, and null elsewhere.
 */
export function toValueJson(value: unknown, nan: 'NaN' | 'null' = 'NaN'): string {
  switch (typeof value) {
    case 'number':
      return Number.isNaN(value) ? nan : String(value);
    case 'bigint':
      return String(value);
    case 'string':
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      return value === null ? 'null' : objectJson(value, nan);
    default:
      return 'null';
  }
}

function objectJson(value: object, nan: 'NaN' | 'null'): string {
  if ('toJSON' in value && typeof value.toJSON === 'function') return toValueJson((value.toJSON as () => unknown)(), nan);
  if (Array.isArray(value)) return `[${value.map((item) => toValueJson(item, nan)).join(',')}]`;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined && typeof item !== 'function' && typeof item !== 'symbol');
  return `{${entries.map(([name, item]) => `${JSON.stringify(name)}:${toValueJson(item, nan)}`).join(',')}}`;
}

/** The value of such JSON. Throws a SyntaxError if it is none. `bigIntegers`: those of which no number has all digits are bigints. */
export function fromValueJson(text: string, { bigIntegers = false }: { bigIntegers?: boolean } = {}): unknown {
  const spelled = /NaN|Infinity/.test(text) ? spelledOut(text) : text;
  const hasBig = bigIntegers && /\d{16}/.test(text);
  if (spelled === text && !hasBig) return JSON.parse(text) as unknown;
  const revive = (_: string, value: unknown, { source }: { source?: string }): unknown => {
    if (typeof value === 'object' && value !== null && Object.hasOwn(value, BARE)) return Number((value as Record<string, unknown>)[BARE]);
    const isBig = hasBig && typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? '');
    return isBig ? BigInt(source!) : value;
  };
  // TypeScript does not know yet what a reviver is told beside.
  return JSON.parse(spelled, revive as (key: string, value: unknown) => unknown) as unknown;
}

function spelledOut(text: string): string {
  let isInString = false;
  // Quote by quote: a pattern of whole strings runs out of stack in one of some million characters.
  return text.replace(/"|-?Infinity|NaN/g, (token, at: number) => {
    if (token === '"') isInString = !isInString || isEscaped(text, at);
    return token === '"' || isInString ? token : `{"${BARE}":"${token}"}`;
  });
}

/** In a string: does a backslash that counts stand before it? */
function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === '\\') before--;
  return (at - before) % 2 === 1;
}

/** The one key of an object in which a bare number passes JSON's own parser: a character that stands for nothing. */
const BARE = '\uffff';
