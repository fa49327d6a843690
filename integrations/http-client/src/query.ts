export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** What follows the path of an address: `?a=1&b=x&b=y`, or nothing. */
export function queryOf(query: Query): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return (typeof value === 'object' ? value : [value]).map((one) => `${name}=${encodeURIComponent(one)}`);
  });
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}
