import type { MetadataStore } from '../store/metadata-store.ts';
import type { Accounted } from '../store/version-data.ts';
import { idInKey } from './artifact-key.ts';
import type { ArtifactStore, StoredObject } from './artifact-store.ts';

/** Unknown bytes that are younger may be those of somebody who has not said so yet, ms. */
const GRACE_MS = 10 * 60_000;

/** A store may give fewer; one that sorts file names does so for every page. */
const PAGE = 10_000;

/** How many, and how many bytes they take. */
export interface Amount {
  count: number;
  bytes: number;
}

/** What garbage collection found; each amount counts what was deleted, or would be. */
export interface CollectedBytes {
  /** Versions of deleted runs that no other run reads. */
  versions: Amount;
  /** Objects that no version came of: of attempts that failed or died, and what deleted runs logged. */
  objects: Amount;
  /** Objects that look like ours, but that this project's store knows nothing of. Left unless it was said that they may go. */
  unknown: Amount;
}

export interface CollectOptions {
  /** Delete; else only count. */
  remove: boolean;
  /** Also what the store does not know. Wrong where other projects use the same artifact store. */
  unknown: boolean;
  /** Versions that nothing reads: `findGarbage` gave them. */
  versions: ReadonlySet<string>;
  /** Step runs of deleted runs, whose rows go after the bytes: it gave them too. What they logged goes, though a run that begins meanwhile looks older. */
  makers: ReadonlySet<string>;
  /** Step runs that are being imported now: the store is told of one when all of it is stored. */
  importing(): ReadonlySet<string>;
}

/**
 * Walks an artifact store and deletes what nothing needs. Each page is listed first, and only then the metadata store is asked what of it is needed:
 * whoever writes bytes has said so there before the first of them, so an upload in flight is known. An attempt that has ended, or was taken over, never
 * comes back to its bytes, because its commit is refused. What some objects cannot be deleted for, as a retention or a lease, is thrown when the others are.
 */
export async function collectBytes(from: ArtifactStore, store: MetadataStore, options: CollectOptions): Promise<CollectedBytes> {
  const found: CollectedBytes = { versions: nothing(), objects: nothing(), unknown: nothing() };
  const seen = new Set<string>();
  const failures: unknown[] = [];
  for await (const page of pagesOf(from)) {
    const garbage: string[] = [];
    // Asked first: once a run is in the store, it is among these no more.
    const importing = options.importing();
    const known = await store.accountFor([...new Set(page.map(({ id }) => id))]);
    for (const { id, object } of page) {
      const kind = kindOf(id, known[id], options);
      if (kind === undefined || (kind === 'unknown' && importing.has(id)) || (kind === 'unknown' && !(await isOld(object, from, options))))
        continue;
      found[kind].bytes += object.size;
      if (kind !== 'versions' || !seen.has(id)) found[kind].count++;
      if (kind === 'versions') seen.add(id);
      if (kind !== 'unknown' || options.unknown) garbage.push(object.key);
    }
    if (options.remove && garbage.length > 0) await from.delete(garbage).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
  return found;
}

function kindOf(id: string, accounted: Accounted | undefined, options: CollectOptions): keyof CollectedBytes | undefined {
  if (options.versions.has(id)) return 'versions';
  if (accounted === 'garbage' || options.makers.has(id)) return 'objects';
  return accounted === undefined ? 'unknown' : undefined;
}

/** Where a list tells no times, each object is asked for its own, which may cost much: only of one that is to go. */
async function isOld({ key, modifiedAt }: StoredObject, from: ArtifactStore, options: CollectOptions): Promise<boolean> {
  if (modifiedAt === undefined && !options.unknown) return true;
  const at = modifiedAt ?? (await from.stat(key))?.modifiedAt;
  return at !== undefined && at < Date.now() - GRACE_MS;
}

/** Objects whose keys hold an id of ours, page by page. */
async function* pagesOf(from: ArtifactStore): AsyncGenerator<{ id: string; object: StoredObject }[], void, undefined> {
  for (let after: string | undefined; ;) {
    const { items, next } = await from.list('', { limit: PAGE, ...(after !== undefined && { after }) });
    yield items.flatMap((object) => {
      const id = idInKey(object.key);
      return id === undefined ? [] : [{ id, object }];
    });
    if (next === undefined) return;
    after = next;
  }
}

const nothing = (): Amount => ({ count: 0, bytes: 0 });

export function sum(amounts: readonly Amount[]): Amount {
  return amounts.reduce((a, b) => ({ count: a.count + b.count, bytes: a.bytes + b.bytes }), nothing());
}
