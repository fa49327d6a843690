/** Sets a value in nested objects, making those that lack on the way to it. */
export function setNested(whole: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = whole;
  for (const name of path.slice(0, -1)) {
    const below = Object.hasOwn(at, name) ? at[name] : undefined;
    at = isPlainObject(below) ? below : (at[name] = {});
  }
  at[path.at(-1)!] = value;
}

/** An object of which W&B makes nested values, unlike a list or a date. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('toJSON' in value);
}
