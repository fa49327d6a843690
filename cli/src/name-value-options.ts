import type { Core } from './project-core.ts';

/** What an option that takes NAME=VALUE was given, each name once. Throws `BadUsage`. */
export function pairsOf(option: string, texts: readonly string[], { BadUsage }: Core): [name: string, value: string][] {
  const names = new Set<string>();
  return texts.map((text) => {
    const at = text.indexOf('=');
    if (at < 0 || text.slice(0, at).trim() === '') throw new BadUsage({ what: `${option} ${text} is not NAME=VALUE` });
    const name = text.slice(0, at);
    if (names.has(name)) throw new BadUsage({ what: `${option} names "${name}" twice` });
    names.add(name);
    return [name, text.slice(at + 1)];
  });
}

/** Tags of a run: those it gets, or those it is looked for by. Throws `BadUsage`. */
export function tagsOf(texts: readonly string[], core: Core): Record<string, string> {
  return Object.fromEntries(pairsOf('--tag', texts, core));
}
