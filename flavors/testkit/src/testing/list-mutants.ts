import type { ArtifactStoreMutant } from './artifact-store-mutant.ts';
import { MemoryArtifactStore } from './memory-artifact-store.ts';

const PAGES = 'a list comes in pages that together hold each key once';
const ORDER = 'a list is in binary order, and tells sizes and times as stat does';

/** Stores that do something wrong when they list. */
export const listMutants: ArtifactStoreMutant[] = [
  {
    does: "lists in JavaScript's order",
    caughtBy: ORDER,
    Store: class extends MemoryArtifactStore {
      override sorted(keys: string[]): string[] {
        return keys.sort();
      }
    },
  },
  {
    does: 'lists in the order of a dictionary',
    caughtBy: ORDER,
    Store: class extends MemoryArtifactStore {
      override sorted(keys: string[]): string[] {
        return keys.sort((a, b) => a.localeCompare(b));
      }
    },
  },
  {
    does: 'takes a prefix for a folder',
    caughtBy: 'a list of a prefix holds each key that begins with it, also in the middle of a segment',
    Store: class extends MemoryArtifactStore {
      override async list(prefix: string, options?: { after?: string; limit?: number }) {
        const { items, ...rest } = await super.list(prefix, options);
        return { ...rest, items: items.filter(({ key }) => prefix.endsWith('/') || key.startsWith(`${prefix}/`)) };
      }
    },
  },
  {
    does: 'says of an empty page that it has a next one',
    caughtBy: PAGES,
    Store: class extends MemoryArtifactStore {
      override async list(prefix: string, options: { after?: string; limit?: number } = {}) {
        const { items } = await super.list(prefix, options);
        const next = items.at(-1)?.key ?? options.after;
        return { items, ...(next !== undefined && { next }) };
      }
    },
  },
  {
    does: 'begins each page with the last key of the one before',
    caughtBy: PAGES,
    Store: class extends MemoryArtifactStore {
      override async list(prefix: string, options: { after?: string; limit?: number } = {}) {
        const { limit = 1000, after } = options;
        const page = await super.list(prefix, options);
        if (after === undefined || !this.memory.objects.has(after)) return page;
        const { bytes, modifiedAt } = this.memory.objects.get(after)!;
        return { ...page, items: [{ key: after, size: bytes.length, modifiedAt }, ...page.items].slice(0, Math.max(limit, 2)) };
      }
    },
  },
  {
    does: 'goes on only after a key that is there',
    caughtBy: 'a list goes on after any key, also one that is not there',
    Store: class extends MemoryArtifactStore {
      override async list(prefix: string, options: { after?: string; limit?: number } = {}) {
        const { after, ...rest } = options;
        return super.list(prefix, after !== undefined && !this.memory.objects.has(after) ? rest : options);
      }
    },
  },
  {
    does: 'lists everything unless there is a limit',
    caughtBy: 'a list has 1000 keys at most when nothing else is asked for',
    Store: class extends MemoryArtifactStore {
      override async list(prefix: string, options: { after?: string; limit?: number } = {}) {
        return super.list(prefix, { limit: Infinity, ...options });
      }
    },
  },
  {
    does: 'says nothing of what is beyond a page',
    caughtBy: 'a list has 1000 keys at most when nothing else is asked for',
    Store: class extends MemoryArtifactStore {
      override async list(prefix: string, options: { after?: string; limit?: number } = {}) {
        const { items } = await super.list(prefix, options);
        return { items };
      }
    },
  },
];
