import { BadMaterializer } from '../errors.ts';
import type { Json } from '../json.ts';
import { describeValue, valueKind } from './value-kind.ts';

/** Deeper JSON is not looked at: it would overflow the stack. */
const MAX_DEPTH = 100;

/**
 * What a materializer gave beside the files, as it will be read from the metadata store: whoever is given the value before that gets the same.
 * Throws `BadMaterializer` for what JSON would keep as something else, or not at all.
 */
export function metaJson(given: unknown, materializer: string): Json {
  if (given === undefined) return null;
  const odd = oddPart(given, 'meta', 0);
  if (odd !== undefined) throw new BadMaterializer({ materializer, reason: `gave beside the files what is no JSON: ${odd.slice(0, 200)}` });
  return JSON.parse(JSON.stringify(given)) as Json;
}

/** What JSON cannot hold, with its place: `meta.columns[0] is an instance of Date`. A key without a value may be there: it is as good as none. */
function oddPart(value: unknown, path: string, depth: number): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${path} is ${value}`;
  if (typeof value === 'bigint') return `${path} is a bigint`;
  const kind = typeof value === 'object' ? valueKind(value) : undefined;
  if (kind !== 'object' && kind !== 'array') return `${path} is ${describeValue(value)}`;
  if (depth === MAX_DEPTH) return `${path} is nested too deep`;
  // Not the entries of an array, which would leave out the places that are empty.
  const parts: [string, unknown][] =
    kind === 'array'
      ? Array.from(value as unknown[], (item, index) => [`${path}[${index}]`, item])
      : Object.entries(value as object).flatMap(([key, item]) => (item === undefined ? [] : [[path + placeOf(key), item]]));
  for (const [place, part] of parts) {
    const odd = oddPart(part, place, depth + 1);
    if (odd !== undefined) return odd;
  }
  return undefined;
}

const placeOf = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`);
