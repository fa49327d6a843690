import { jsonList } from './json-list.ts';
import { INFINITE_TAG } from './run-tags.ts';
import { LONGEST_TAG } from './tag-text.ts';

/** `mortise.infinite`, and for what does not fit into it `mortise.infinite.2` and so on. */
const tagName = (index: number): string => (index === 0 ? INFINITE_TAG : `${INFINITE_TAG}.${index + 1}`);

/** Metrics that the tags of a run name as having infinities, in the order in which they came. */
export function infiniteOf(tags: Record<string, string>): string[] {
  const names: string[] = [];
  for (let index = 0; tags[tagName(index)] !== undefined; index++) names.push(...jsonList(tags[tagName(index)]).map(String));
  return names;
}

/** The tags that name these metrics, each a JSON list. Names that are added change the last tag only. */
export function infiniteTags(names: Iterable<string>): Map<string, string> {
  const lists: string[] = [];
  for (const name of names) {
    const last = lists.at(-1);
    const text = JSON.stringify(name);
    const longer = last === undefined ? undefined : `${last.slice(0, -1)},${text}]`;
    if (longer === undefined || longer.length > LONGEST_TAG) lists.push(`[${text}]`);
    else lists[lists.length - 1] = longer;
  }
  return new Map(lists.map((list, index) => [tagName(index), list]));
}
