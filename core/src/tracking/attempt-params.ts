import type { Json } from '../json.ts';
import { loggedJson } from './logged-json.ts';

/** Longest JSON text of a plain input that is recorded as a parameter. */
const LONGEST = 1_000;

/** The plain inputs of a step that are worth a line as a parameter: those that are JSON, and short. */
export function shortParams(inputs: Record<string, unknown>): Record<string, Json> | undefined {
  let params: Record<string, Json> | undefined;
  for (const [name, value] of Object.entries(inputs)) {
    const json = value === undefined ? undefined : asJson(value);
    if (json === undefined || JSON.stringify(json).length > LONGEST) continue;
    params ??= {};
    params[name] = json;
  }
  return params;
}

/** Rules out big values without walking all of them. Throws what a getter throws. */
function isSmall(value: unknown): boolean {
  let left = LONGEST;
  const open = [value];
  while (open.length > 0 && left > 0) {
    const part = open.pop();
    left -= typeof part === 'string' ? part.length : 1;
    if (typeof part !== 'object' || part === null) continue;
    if ((ArrayBuffer.isView(part) ? part.byteLength : Array.isArray(part) ? part.length : 0) > LONGEST) return false;
    const parts = Object.values(part) as unknown[];
    if (parts.length > left) return false;
    open.push(...parts);
  }
  return left >= 0;
}

function asJson(value: unknown): Json | undefined {
  try {
    return isSmall(value) ? loggedJson(value, 'params') : undefined;
  } catch {
    // An input that is no JSON is no parameter.
    return undefined;
  }
}
