interface Pair {
  key: string;
  value: string;
}

/** `{key, value}` of a list or a record, as the server takes them. */
export function pairs(given: readonly Pair[] | Readonly<Record<string, string>> = {}): Pair[] {
  if (isList(given)) return given.map(({ key, value }) => ({ key, value }));
  return Object.entries(given).map(([key, value]) => ({ key, value }));
}

function isList(given: readonly Pair[] | Readonly<Record<string, string>>): given is readonly Pair[] {
  return Array.isArray(given);
}
