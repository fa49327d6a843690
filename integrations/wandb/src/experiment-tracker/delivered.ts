import type { Json, TrackerEvent, TrackerRunRef } from '@mortise/core';

export type Place = Pick<TrackerEvent, 'writer' | 'seq'>;

/** How far a run's events have come. */
export interface Progress {
  /** Highest `seq` of each writer. */
  through: Record<string, number>;
  /** Those that were refused, and taken when they came again: what is before them says nothing of them. As `keptNames` gives them. */
  again?: string[];
  /** And all that were refused: they have not come, though later ones have. */
  refused?: string[];
}

/** What several tell of one run. */
export function furthest(...told: (Progress | undefined)[]): Progress {
  const all = new Delivered();
  for (const one of told) if (one !== undefined) all.add(one);
  const refused = keptNames(told.flatMap((one) => [...namesIn(one?.refused)]));
  return { ...all.progress, ...(refused.length > 0 && { refused }) };
}

/** Online it stands in the run's summary too, so that it is known after an answer that was lost. */
export class Delivered {
  readonly #through: Record<string, number> = {};
  readonly #again: Set<string>;
  readonly #missing: Set<string>;

  constructor({ through, again, refused }: Progress = { through: {} }) {
    this.#again = new Set(namesIn(again));
    this.#missing = new Set(namesIn(refused));
    this.add({ through });
  }

  get progress(): Progress {
    const [again, refused] = [keptNames(this.#again), keptNames(this.#missing)];
    return { through: { ...this.#through }, ...(again.length > 0 && { again }), ...(refused.length > 0 && { refused }) };
  }

  /** What has come; what was refused of it has come to its end, too. */
  add({ through, again }: Progress): void {
    for (const [writer, seq] of Object.entries(through)) this.#reach(writer, seq);
    for (const name of namesIn(again)) this.#again.add(name);
  }

  #reach(writer: string, seq: number): void {
    this.#through[writer] = Math.max(seq, this.#through[writer] ?? 0);
  }

  has(place: Place): boolean {
    const isReached = isWithin(place, { through: this.#through });
    // Events come by the ten thousand, and few runs have any that were refused.
    if (this.#again.size === 0 && this.#missing.size === 0) return isReached;
    const name = nameOf(place);
    return this.#again.has(name) || (isReached && !this.#missing.has(name));
  }

  mark(place: Place): void {
    this.#reach(place.writer, place.seq);
    if (this.#missing.size > 0) this.#missing.delete(nameOf(place));
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

/** A run may have a hundred thousand events that W&B takes none of, and what is kept of them goes with every request. */
const MOST_RANGES = 500;
/** More than any run has: what is told is not believed whatever it says. */
const LONGEST_RANGE = 10_000_000;

/** Events by their names, as they are kept: `writer 3`, `writer 4-7`. Of very many ranges the last, which may not have been told of yet. */
export function keptNames(names: Iterable<string>): string[] {
  const seqs = Map.groupBy(new Set(names), (name) => name.split(' ', 1)[0]!);
  const ranges = Array.from(seqs, ([writer, ofWriter]) => {
    const sorted = ofWriter.map((name) => Number(name.slice(writer.length + 1))).sort((a, b) => a - b);
    return rangesIn(sorted).map(({ from, to }) => `${writer} ${from === to ? from : `${from}-${to}`}`);
  });
  return ranges.flat().slice(-MOST_RANGES);
}

function rangesIn(sorted: readonly number[]): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  for (const number of sorted) {
    const last = ranges.at(-1);
    if (last?.to === number - 1) last.to = number;
    else ranges.push({ from: number, to: number });
  }
  return ranges;
}

/** The names in what was kept, wherever that was. */
function* namesIn(kept: unknown): Generator<string> {
  for (const range of Array.isArray(kept) ? kept : []) {
    const [, writer, from, to = from] = /^(\S+) (\d+)(?:-(\d+))?$/.exec(String(range)) ?? [];
    if (Number(to) - Number(from) > LONGEST_RANGE) continue;
    for (let seq = Number(from); seq <= Number(to); seq++) yield `${writer} ${seq}`;
  }
}

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
