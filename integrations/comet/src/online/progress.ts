import type { Json } from '@mortise/core';

type Through = Record<string, number>;

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

  readonly #before: Pick<ProgressState, 'points' | 'lines' | 'rest'>;

  /**
   * @param state as `state` gave it
   * @param again only what was refused before comes: how far the run came says nothing of it
   */
  constructor(state: Json | undefined, again = false) {
    const { begun = false, points = {}, lines = {}, lineCount = 0, rest = {} } = (state ?? {}) as Partial<ProgressState>;
    this.#before = { points, lines, rest };
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
      ...{ lineCount, rest: furthest(before.rest, rest) },
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
}

function furthest(before: Through, now: Through): Through {
  const both: Through = { ...before };
  for (const [writer, seq] of Object.entries(now)) both[writer] = Math.max(seq, both[writer] ?? 0);
  return both;
}

interface ProgressState {
  begun: boolean;
  points: Through;
  lines: Through;
  lineCount: number;
  rest: Through;
}
