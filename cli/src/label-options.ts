import type { Labels } from '@mortise/core/client';
import type { Core } from './project-core.ts';

/** `name=value`, each option by itself, as commander collects them. */
export interface LabelOptions {
  label?: string[];
  removeLabel?: string[];
}

/** Labels as the client takes them; nothing where none is named. Throws `BadUsage`. */
export function labelsOf(given: readonly string[] | undefined, { BadUsage }: Core): { labels?: Labels } {
  if (given === undefined) return {};
  const pairs = given.map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1) throw new BadUsage({ what: `--label takes name=value, not "${pair}"` });
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
  const names = pairs.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new BadUsage({ what: `--label names "${twice}" twice` });
  return { labels: Object.fromEntries(pairs) };
}

/** Labels that come and go. Throws `BadUsage`. */
export function labelChange({ label, removeLabel }: LabelOptions, core: Core): { labels?: Labels; removeLabels?: string[] } {
  return { ...labelsOf(label, core), ...(removeLabel !== undefined && { removeLabels: removeLabel }) };
}

/** Labels in a cell of a table. */
export function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
