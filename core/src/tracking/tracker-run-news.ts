import type { MetadataStore } from '../store/metadata-store.ts';
import type { MetadataValue } from '../store/run-data.ts';
import type { TrackerRunUpdate } from '../store/tracking-data.ts';
import type { Refusal } from './adapt-events.ts';
import type { TrackerRunRef } from './experiment-tracker.ts';

/** What has become known of a tracker run and is not in the store yet. */
export class TrackerRunNews {
  /** As far as the tracker has told. */
  url: string | undefined;
  readonly #store: MetadataStore;
  readonly #suffixes: readonly string[];
  #recorded = '';
  #news: Omit<TrackerRunUpdate, 'id'> = {};
  #writing: Promise<void> | undefined;

  /** `suffixes`: what the names of its run metadata end with, each of them holding the same. */
  constructor(store: MetadataStore, suffixes: readonly string[]) {
    this.#store = store;
    this.#suffixes = suffixes;
  }

  add(news: Pick<TrackerRunUpdate, 'status' | 'acked' | 'lastError'>): void {
    Object.assign(this.#news, news);
  }

  addRejected(refused: readonly Refusal[]): void {
    if (refused.length > 0) this.#news.rejected = [...(this.#news.rejected ?? []), ...refused];
  }

  addArrived(events: NonNullable<TrackerRunUpdate['arrived']>): void {
    if (events.length > 0) this.#news.arrived = [...(this.#news.arrived ?? []), ...events];
  }

  addRef(ref: TrackerRunRef): void {
    this.#news.ref = ref;
    this.url = ref.url ?? this.url;
    const told = JSON.stringify([ref.url, ref.ids]);
    if (told === this.#recorded) return;
    this.#recorded = told;
    this.#news.metadata = Object.fromEntries(this.#suffixes.flatMap((suffix) => metadataOf(ref, suffix)));
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
      if (news.arrived !== undefined) this.#news.arrived = [...news.arrived, ...(later.arrived ?? [])];
      throw error;
    }
  }
}

/** Where it can be seen, and the ids that the tracker gave it. */
function metadataOf({ url, ids }: TrackerRunRef, suffix: string): [string, MetadataValue][] {
  const named = Object.entries(ids).map(([name, value]): [string, MetadataValue] => [`${name}${suffix}`, { type: 'string', value }]);
  return url === undefined ? named : [[`experiment_tracker_url${suffix}`, { type: 'uri', value: url }], ...named];
}
