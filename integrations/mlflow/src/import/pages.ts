import { repeated } from '../artifact-store/repeated.ts';

type Page<Key extends string, Item> = Record<Key, Item[]> & { nextPageToken?: string };

/** All items of all pages. A page that the network kept back is asked for again: an import has hundreds of them. */
export async function* pages<Key extends string, Item>(
  ask: (page: { pageToken?: string }) => Promise<Page<Key, Item>>,
  key: Key,
  signal: AbortSignal,
): AsyncGenerator<Item, void, undefined> {
  for (let pageToken: string | undefined, isFirst = true; isFirst || pageToken !== undefined; isFirst = false) {
    const at = pageToken === undefined ? {} : { pageToken };
    const page: Page<Key, Item> = await repeated(() => ask(at), signal);
    yield* page[key];
    pageToken = page.nextPageToken;
  }
}
