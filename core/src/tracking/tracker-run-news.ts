import type { MetadataStore } from '../store/metadata-store.ts';
import type { TrackerRunUpdate } from '../store/tracking-data.ts';
import type { Refusal } from './adapt-events.ts';
import type { TrackerRunRef } from './experiment-tracker.ts';

/** What has become known of a tracker run and is not in the store yet. */
export class TrackerRunNews {
  /** As far as the tracker has told. */
  url: string | undefined;
  readonly #store: MetadataStore;
  readonly #urlKeys: readonly string[];
  #news: Omit<TrackerRunUpdate, 'id'> = {};
  #writing: Promise<void> | undefined;

  /** `urlKeys`: names of the run metadata that hold the URL. */
  constructor(store: MetadataStore, urlKeys: readonly string[]) {
    this.#store = store;
    this.#urlKeys = urlKeys;
  }

  add(news: Pick<TrackerRunUpdate, 'status' | 'acked' | 'lastError'>): void {
    Object.assign(this.#news, news);
  }

  addRejected(refused: readonly Refusal[]): void {
    if (refused.length > 0) this.#news.rejected = [...(this.#news.rejected ?? []), ...refused];
  }

  addRef(ref: TrackerRunRef): void {
    this.#news.ref = ref;
    if (ref.url === undefined || ref.url === this.url) return;
    this.url = ref.url;
    const value = { type: 'uri', value: ref.url } as const;
    this.#news.metadata = Object.fromEntries(this.#urlKeys.map((key) => [key, value]));
  }

  /** Writes them to the store, one write at a time. After a failure they are kept for the next time. */
  async record(id: string): Promise<void> {
    await this.#writing?.catch(() => undefined);
    const news = this.#news;
    if (Object.keys(news).length === 0) return;
    this.#news = {};
    try {
      await (this.#writing = this.#store.updateTrackerRun({ id, ...news }));
    } catch (error) {
      const later = this.#news;
      this.#news = { ...news, ...later };
      if (news.rejected !== undefined) this.#news.rejected = [...news.rejected, ...(later.rejected ?? [])];
      throw error;
    }
  }
}
