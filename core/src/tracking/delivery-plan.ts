import type { Logger } from '../stack/flavor.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { EventSource } from './event-source.ts';
import type { TrackerRunIdentity, TrackerRunRef, TrackerRunStart } from './experiment-tracker.ts';
import type { TrackerComponent } from './run-tracking.ts';

/** What one run's deliveries share. `stop` ends them all: what is left is for a later process. */
export interface DeliverySurroundings {
  store: MetadataStore;
  log: Logger;
  stop: AbortSignal;
  /** How long `opened()` waits, ms. */
  openTimeoutMs: number;
}

/** One tracker run that is to be brought about. */
export interface DeliveryPlan {
  component: TrackerComponent;
  /** Its row in the store; asked for again when that failed. `ref`: what the tracker has said of it before. */
  row: () => Promise<{ id: string; key: string; ref?: TrackerRunRef }>;
  identity: Omit<TrackerRunIdentity, 'key' | 'parentKey'>;
  /** How it begins; asked for again when that failed. */
  start: () => Promise<Omit<TrackerRunStart, 'parent'>>;
  parent: ParentRun | undefined;
  /** Undefined for the parent, into which nothing is logged. */
  events: EventSource | undefined;
  /** What is safe at the tracker already: highest seq per writer. */
  acked?: Record<string, number>;
  /** Only what was refused before comes. */
  again?: boolean;
  /** Of the parent: whether that is how its run ended. It may have been resumed since; how it ends then, others tell. */
  stillEnds?: (endedAt: number) => Promise<boolean>;
  /** What the names of the run metadata end with that hold its URL and its ids at the vendor. */
  metadataSuffixes: readonly string[];
}

/** What a tracker run needs of its parent. */
export interface ParentRun {
  readonly key: string | undefined;
  readonly ref: TrackerRunRef | undefined;
  readonly failure: string | undefined;
  /** Resolves when it is open, or will not be. */
  whenOpen(): Promise<void>;
}
