import { BadUsage } from './errors.ts';

/**
 * For callers without types: a name that is none would be an error of the database, or of whatever reads it first.
 * @param of what was called, e.g. `getStack()`
 * @throws BadUsage
 */
export function checkTexts(of: string, texts: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(texts))
    if (typeof value !== 'string') throw new BadUsage({ what: `${of} needs a text as its ${name}, not ${spoken(value)}` });
}

/** @throws BadUsage */
export function checkObjects(of: string, objects: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(objects))
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new BadUsage({ what: `${of} needs an object as its ${name}, not ${spoken(value)}` });
}

/** @throws BadUsage for a text such as 'false', which would count as true */
export function checkFlags(of: string, flags: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(flags))
    if (typeof value !== 'boolean') throw new BadUsage({ what: `${of} needs true or false as its ${name}, not ${spoken(value)}` });
}

/** @throws BadUsage for what is no list of texts */
export function checkLists(of: string, lists: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(lists))
    if (!Array.isArray(value) || value.some((item) => typeof item !== 'string'))
      throw new BadUsage({ what: `${of} needs a list of texts as its ${name}${Array.isArray(value) ? '' : `, not ${spoken(value)}`}` });
}

/** @throws BadUsage for what is no duration in ms */
export function checkMs(of: string, durations: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(durations))
    if (!(typeof value === 'number' && value >= 0)) throw new BadUsage({ what: `${of} needs a number of ms from 0 as its ${name}` });
}

/** @throws BadUsage for what would never abort anything */
export function checkSignals(of: string, signals: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(signals))
    if (!isSignal(value)) throw new BadUsage({ what: `${of} needs an AbortSignal as its ${name}, not ${spoken(value)}` });
}

/** Also one of another realm. */
export function isSignal(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'aborted' in value &&
    'addEventListener' in value &&
    typeof value.addEventListener === 'function'
  );
}

/** @throws BadUsage */
export function checkCallbacks(of: string, callbacks: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(callbacks))
    if (typeof value !== 'function') throw new BadUsage({ what: `${of} needs a function as its ${name}, not ${spoken(value)}` });
}

/** A path, of which an empty one would be the working directory. Throws BadUsage. */
export function checkPath(of: string, path: unknown): void {
  checkTexts(of, { path });
  if (path === '') throw new BadUsage({ what: `${of} was given an empty path`, advice: 'The working directory is ".".' });
}

function spoken(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  return Array.isArray(value)
    ? 'a list'
    : typeof value === 'string'
      ? 'a text'
      : typeof value === 'object'
        ? 'an object'
        : `a ${typeof value}`;
}
