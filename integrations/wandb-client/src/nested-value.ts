/** Sets a value in nested objects, making those that lack on the way to it. */
export function setNested(whole: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = whole;
  for (const name of path.slice(0, -1)) {
    const below = Object.hasOwn(at, name) ? at[name] : undefined;
    at = isPlainObject(below) ? below : (at[name] = {});
  }
  at[path.at(-1)!] = value;
}

/** Paths of what an object has and the one that comes in its place has not. */
export function lostPaths(path: readonly string[], before: unknown, after: unknown): string[][] {
  if (!isPlainObject(before) || !isPlainObject(after)) return [];
  return Object.entries(before).flatMap(([name, value]) =>
    after[name] === undefined ? [[...path, name]] : lostPaths([...path, name], value, after[name]),
  );
}

/** An object of which W&B makes nested values, unlike a list or a date. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('toJSON' in value);
}
