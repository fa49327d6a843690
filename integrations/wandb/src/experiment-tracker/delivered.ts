import type { Json, TrackerEvent, TrackerRunRef } from '@mortise/core';

type Place = Pick<TrackerEvent, 'writer' | 'seq'>;

/** How far a run's events have come. */
export interface Progress {
  /** Highest `seq` of each writer. */
  through: Record<string, number>;
  /** `writer seq` of those that were refused, and taken when they came again: what is before them says nothing of them. */
  again?: string[];
}

/** Online it stands in the run's summary too, so that it is known after an answer that was lost. */
export class Delivered {
  readonly #through: Record<string, number> = {};
  readonly #again = new Set<string>();

  /** @param told by all that knows of it; the furthest counts */
  constructor(...told: (Progress | undefined)[]) {
    for (const one of told) this.add(one);
  }

  get progress(): Progress {
    return { through: { ...this.#through }, ...(this.#again.size > 0 && { again: [...this.#again] }) };
  }

  add({ through, again = [] }: Progress = { through: {} }): void {
    for (const [writer, seq] of Object.entries(through)) this.mark({ writer, seq });
    for (const one of again) this.#again.add(one);
  }

  has(place: Place): boolean {
    return place.seq <= (this.#through[place.writer] ?? 0) || this.#again.has(named(place));
  }

  mark({ writer, seq }: Place): void {
    this.#through[writer] = Math.max(seq, this.#through[writer] ?? 0);
  }

  markAgain(place: Place): void {
    this.mark(place);
    this.#again.add(named(place));
  }
}

const named = ({ writer, seq }: Place): string => `${writer} ${seq}`;

/** In `ref.state`. */
export interface StoredState extends Progress {
  /** Rows at the server, or bytes of the offline file, that hold them. */
  rows?: number;
  size?: number;
  /** `_step` of the last row. */
  step: number;
  /** The highest step that was logged, whatever `_step` it has. */
  ownStep?: number;
  /** A program was told of the run, and may have written to it. */
  shared?: boolean;
}

export function storedState(known: TrackerRunRef | undefined): StoredState | undefined {
  const state = known?.state;
  const isOurs = typeof state === 'object' && state !== null && !Array.isArray(state) && 'through' in state;
  return isOurs ? (state as unknown as StoredState) : undefined;
}

export const asJson = (state: StoredState): Json => ({ ...state });

/** Key of the summary under which it stands. */
export const MARK = '_mortise';

/** What the summary says of the tracker run of this key: another one may have written to the same W&B run. */
export function markIn(summary: Readonly<Record<string, unknown>>, key: string): Progress | undefined {
  const mark = summary[MARK] as Partial<ReturnType<typeof markOf>> | null | undefined;
  if (typeof mark !== 'object' || mark === null || mark.key !== key || mark.through === undefined) return undefined;
  return { through: mark.through, ...(mark.again !== undefined && { again: mark.again }) };
}

export function markOf(key: string, progress: Progress): Progress & { key: string } {
  return { key, ...progress };
}
