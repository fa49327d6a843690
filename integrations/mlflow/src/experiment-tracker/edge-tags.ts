import { jsonList } from './json-list.ts';
import { OWN_PREFIX } from './run-tags.ts';
import { LONGEST_TAG } from './tag-text.ts';

/** MLflow keeps infinities as the largest double: tags name the metrics that have some, and those that have it as a number. */
export type Edge = (typeof EDGES)[number];
export const EDGES = ['infinite', 'largest'] as const;

export function edgeOf(value: number): Edge | undefined {
  if (Math.abs(value) === Infinity) return 'infinite';
  return Math.abs(value) === Number.MAX_VALUE ? 'largest' : undefined;
}

/** `mortise.infinite`, and for what does not fit into it `mortise.infinite.2` and so on. */
const tagName = (edge: Edge, index: number): string => `${OWN_PREFIX}${edge}${index === 0 ? '' : `.${index + 1}`}`;

/** Metrics that the tags of a run name as having such values, in the order in which they came. */
export function metricsAt(edge: Edge, tags: Record<string, string>): string[] {
  const names: string[] = [];
  for (let index = 0; tags[tagName(edge, index)] !== undefined; index++) names.push(...jsonList(tags[tagName(edge, index)]).map(String));
  return names;
}

/** The tags that name these metrics, each a JSON list. Names that are added change the last tag only. */
export function edgeTags(edge: Edge, names: Iterable<string>): Map<string, string> {
  const lists: string[] = [];
  for (const name of names) {
    const last = lists.at(-1);
    const text = JSON.stringify(name);
    const longer = last === undefined ? undefined : `${last.slice(0, -1)},${text}]`;
    if (longer === undefined || longer.length > LONGEST_TAG) lists.push(`[${text}]`);
    else lists[lists.length - 1] = longer;
  }
  return new Map(lists.map((list, index) => [tagName(edge, index), list]));
}
