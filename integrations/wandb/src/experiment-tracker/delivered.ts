import type { Json, TrackerEvent, TrackerRunRef } from '@mortise/core';

type Place = Pick<TrackerEvent, 'writer' | 'seq'>;

/** How far a run's events have come. */
export interface Progress {
  /** Highest `seq` of each writer. */
  through: Record<string, number>;
  /** `writer seq` of those that were refused, and taken when they came again: what is before them says nothing of them. */
  again?: string[];
  /** And of all that were refused: they have not come, though later ones have. */
  refused?: string[];
}

/** What several tell of one run. */
export function furthest(...told: (Progress | undefined)[]): Progress {
  const all = new Delivered();
  for (const one of told) if (one !== undefined) all.add(one);
  const refused = new Set(told.flatMap((one) => one?.refused ?? []));
  return { ...all.progress, ...(refused.size > 0 && { refused: [...refused] }) };
}

/** Online it stands in the run's summary too, so that it is known after an answer that was lost. */
export class Delivered {
  readonly #through: Record<string, number> = {};
  readonly #again: Set<string>;
  readonly #missing: Set<string>;

  constructor({ through, again, refused }: Progress = { through: {} }) {
    this.#again = new Set(again);
    this.#missing = new Set(refused);
    this.add({ through });
  }

  get progress(): Progress {
    const [again, refused] = [[...this.#again], [...this.#missing]];
    return { through: { ...this.#through }, ...(again.length > 0 && { again }), ...(refused.length > 0 && { refused }) };
  }

  /** What has come; what was refused of it has come to its end, too. */
  add({ through, again = [] }: Progress): void {
    for (const [writer, seq] of Object.entries(through)) this.#through[writer] = Math.max(seq, this.#through[writer] ?? 0);
    for (const one of again) this.#again.add(one);
  }

  has(place: Place): boolean {
    const name = nameOf(place);
    return this.#again.has(name) || (isWithin(place, { through: this.#through }) && !this.#missing.has(name));
  }

  mark(place: Place): void {
    this.add({ through: { [place.writer]: place.seq } });
    this.#missing.delete(nameOf(place));
  }

  markAgain(place: Place): void {
    this.mark(place);
    this.#again.add(nameOf(place));
  }
}

/** It came, whether it was taken or refused. */
export function isWithin({ writer, seq }: Place, { through }: Progress): boolean {
  return seq <= (through[writer] ?? 0);
}

export const nameOf = ({ writer, seq }: Place): string => `${writer} ${seq}`;

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
  return furthest({ ...mark, through: mark.through });
}

export function markOf(key: string, progress: Progress): Progress & { key: string } {
  return { key, ...progress };
}
