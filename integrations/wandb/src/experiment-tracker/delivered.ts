import type { Json, TrackerEvent, TrackerRunRef } from '@mortise/core';

type Place = Pick<TrackerEvent, 'writer' | 'seq'>;

/** How far a run's events have come, per writer. Online it stands in the run's summary too, so that it is known after an answer that was lost. */
export class Delivered {
  readonly through: Record<string, number>;

  /** @param told by all that knows of it; the furthest counts */
  constructor(...told: (Readonly<Record<string, number>> | undefined)[]) {
    this.through = {};
    for (const one of told) this.add(one);
  }

  add(other: Readonly<Record<string, number>> = {}): void {
    for (const [writer, seq] of Object.entries(other)) this.through[writer] = Math.max(seq, this.through[writer] ?? 0);
  }

  has({ writer, seq }: Place): boolean {
    return seq <= (this.through[writer] ?? 0);
  }

  mark({ writer, seq }: Place): void {
    this.through[writer] = Math.max(seq, this.through[writer] ?? 0);
  }
}

/** In `ref.state`. */
export interface StoredState {
  through: Record<string, number>;
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
export function markIn(summary: Readonly<Record<string, unknown>>, key: string): Record<string, number> | undefined {
  const mark = summary[MARK] as Partial<ReturnType<typeof markOf>> | null | undefined;
  return typeof mark === 'object' && mark !== null && mark.key === key ? mark.through : undefined;
}

export function markOf(key: string, through: Readonly<Record<string, number>>): { key: string; through: Record<string, number> } {
  return { key, through: { ...through } };
}
