/** `key=value`, with keys in camelCase, as `rewriteArgv` makes them. */
export interface ConfigOptions {
  config?: string[];
  /** Secret values may be in clear text. */
  force?: boolean;
}

export function keyAndValue(pair: string): [key: string, value: string] {
  const at = pair.indexOf('=');
  return [pair.slice(0, at), pair.slice(at + 1)];
}
