/** What cannot be stored and where, by the name that the value has for its reader: a cycle names a second place, the one that it leads back to. */
export function placeWithin(name: string, { path, what }: { path: string; what: string }): { path: string; what: string } {
  return {
    path: path.replace(/^value(?!\w)/, () => name),
    what: what.replace(/^(a cycle back to )value(?!\w)/, (_, back: string) => `${back}${name}`),
  };
}
