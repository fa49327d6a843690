import type { ContainerListBlobFlatSegmentResponse } from '@azure/storage-blob';
import { compareKeys, type StoredObject } from '@mortise/core';

import type { BlobContainer } from './blob-container.ts';

/** Most that Azure lists in one request. */
const PAGE = 5_000;
/** Markers that are kept: more lists than that are seldom read at once. */
const MARKERS = 64;
/** Where JavaScript and UTF-8 disagree on the order: surrogates, and what comes behind them. */
const HIGH = /[\ud800-\uffff]/;

interface Page {
  items: StoredObject[];
  next: string | undefined;
}

/**
 * Lists blobs in the order of core. Azure lists by name, but does not say how it orders names beyond U+D7FF, and goes on after its own markers only, not
 * after any name: so markers are kept by the name they lead behind, and a list that goes on elsewhere is read from its beginning.
 */
export class BlobList {
  readonly #container: BlobContainer;
  readonly #markers = new Map<string, string>();

  constructor(container: BlobContainer) {
    this.#container = container;
  }

  /** At most `limit` blobs whose names begin with `prefix` and come after `after`, and whether there are more. Throws `BlobFailure`. */
  async read(prefix: string, after: string, limit: number, signal?: AbortSignal): Promise<{ items: StoredObject[]; more: boolean }> {
    const start = this.#markers.get(`${prefix}\n${after}`);
    const items: StoredObject[] = [];
    let size = start === undefined && after !== '' ? PAGE : Math.min(PAGE, limit);
    if (HIGH.test(after)) return this.#readAll(prefix, after, limit, signal);
    for (let marker = start; ;) {
      const page = await this.#page(prefix, marker, size, signal);
      if (page.items.some(({ key }) => HIGH.test(key))) return this.#readAll(prefix, after, limit, signal);
      items.push(...page.items.filter(({ key }) => compareKeys(key, after) > 0));
      const isInside = items.length > limit;
      if (isInside || (items.length === limit && page.next !== undefined)) {
        items.length = limit;
        this.#remember(`${prefix}\n${items.at(-1)?.key}`, isInside ? marker : page.next);
        return { items, more: true };
      }
      if (page.next === undefined) return { items, more: false };
      marker = page.next;
      size = Math.min(PAGE, Math.max(size, limit - items.length));
    }
  }

  async #readAll(
    prefix: string,
    after: string,
    limit: number,
    signal: AbortSignal | undefined,
  ): Promise<{ items: StoredObject[]; more: boolean }> {
    const all: StoredObject[] = [];
    for (let marker: string | undefined; ;) {
      const { items, next } = await this.#page(prefix, marker, PAGE, signal);
      all.push(...items.filter(({ key }) => compareKeys(key, after) > 0));
      if (next === undefined) break;
      marker = next;
    }
    all.sort((a, b) => compareKeys(a.key, b.key));
    return { items: all.slice(0, limit), more: all.length > limit };
  }

  async #page(prefix: string, marker: string | undefined, maxPageSize: number, signal: AbortSignal | undefined): Promise<Page> {
    const settings = { maxPageSize, ...(marker !== undefined && { continuationToken: marker }) };
    const page = await this.#container.ask(signal, async (abortSignal) => {
      const result = await this.#container.client.listBlobsFlat({ prefix, abortSignal }).byPage(settings).next();
      return result.value as ContainerListBlobFlatSegmentResponse;
    });
    const items = page.segment.blobItems.map(({ name, properties }) => ({
      key: name,
      size: properties.contentLength ?? 0,
      modifiedAt: properties.lastModified?.getTime() ?? Date.now(),
    }));
    return { items, next: page.continuationToken || undefined };
  }

  #remember(place: string, marker: string | undefined): void {
    if (marker === undefined) return;
    this.#markers.delete(place);
    this.#markers.set(place, marker);
    if (this.#markers.size > MARKERS) this.#markers.delete(this.#markers.keys().next().value!);
  }
}
