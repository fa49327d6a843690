import type { Json } from '@mortise/core';

import { idOf, type CometPoint } from '../client/points.ts';
import type { Gathered } from './gathered.ts';

type Through = Record<string, number>;

/** Points of a writer that are there and may be alike to its next: they are of one millisecond. */
type Moment = {
  at: number;
  /** How many there are, by `idOf`. */
  counts: Record<string, number>;
};

/** More than these are not kept for another process: they would go with every batch. */
const MOST_ALIKE = 100;

/** How far a run has come at Comet, by writer: what is sent twice counts twice there. */
export class Progress {
  /** Tags, name and time of its start are there. */
  begun: boolean;
  /** Points of metrics. */
  readonly points: Through;
  /** Lines of output, and how many of them there are. */
  readonly lines: Through;
  lineCount: number;
  /** All else, which may be said again. */
  readonly rest: Through;

  /** By writer. */
  readonly #last: Record<string, Moment>;
  readonly #before: Pick<ProgressState, 'points' | 'lines' | 'rest' | 'last'>;
  readonly #again: boolean;

  /**
   * @param state as `state` gave it
   * @param again only what was refused before comes: how far the run came says nothing of it
   */
  constructor(state: Json | undefined, again = false) {
    const { begun = false, points = {}, lines = {}, lineCount = 0, rest = {}, last = {} } = (state ?? {}) as Partial<ProgressState>;
    this.#before = { points, lines, rest, last };
    this.#again = again;
    this.#last = again ? {} : structuredClone(last);
    this.begun = begun;
    this.points = again ? {} : { ...points };
    this.lines = again ? {} : { ...lines };
    this.lineCount = lineCount;
    this.rest = again ? {} : { ...rest };
  }

  get state(): Json {
    const { begun, points, lines, lineCount, rest } = this;
    const before = this.#before;
    return {
      ...{ begun, points: furthest(before.points, points), lines: furthest(before.lines, lines) },
      ...{ lineCount, rest: furthest(before.rest, rest), last: this.#again ? before.last : fewOnly(this.#last) },
    };
  }

  /** Those that have not been sent whole. */
  open<T extends { writer: string; seq: number }>(events: readonly T[], of: 'points' | 'lines' | 'rest'): T[] {
    return events.filter(({ writer, seq }) => seq > (this[of][writer] ?? 0));
  }

  /** Everything up to these is there. */
  reach(events: readonly { writer: string; seq: number }[], of: 'points' | 'lines' | 'rest'): void {
    for (const { writer, seq } of events) this[of][writer] = Math.max(seq, this[of][writer] ?? 0);
  }

  /** Everything up to these is there. */
  reachPoints(events: Gathered['points']): void {
    this.reach(events, 'points');
    for (const { writer, what } of events) for (const point of what) this.#count(writer, point);
  }

  #count(writer: string, point: CometPoint): void {
    let moment = this.#last[writer];
    if (moment?.at !== point.timestamp) this.#last[writer] = moment = { at: point.timestamp, counts: {} };
    const id = idOf(point);
    moment.counts[id] = (moment.counts[id] ?? 0) + 1;
  }

  /** How many points like this are known to be there. */
  alike(point: CometPoint): number {
    const id = idOf(point);
    return Object.values(this.#last).reduce((sum, { counts }) => sum + (counts[id] ?? 0), 0);
  }
}

function furthest(before: Through, now: Through): Through {
  const both: Through = { ...before };
  for (const [writer, seq] of Object.entries(now)) both[writer] = Math.max(seq, both[writer] ?? 0);
  return both;
}

/** A copy of those that are few. */
function fewOnly(last: Record<string, Moment>): Record<string, Moment> {
  return structuredClone(Object.fromEntries(Object.entries(last).filter(([, { counts }]) => Object.keys(counts).length <= MOST_ALIKE)));
}

interface ProgressState {
  begun: boolean;
  points: Through;
  lines: Through;
  lineCount: number;
  rest: Through;
  last: Record<string, Moment>;
}
