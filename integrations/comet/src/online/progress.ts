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

  /** @param state as `state` gave it */
  constructor(state: Json | undefined) {
    const { begun = false, points = {}, lines = {}, lineCount = 0, rest = {} } = (state ?? {}) as Partial<ProgressState>;
    this.begun = begun;
    this.points = { ...points };
    this.lines = { ...lines };
    this.lineCount = lineCount;
    this.rest = { ...rest };
  }

  get state(): Json {
    const { begun, points, lines, lineCount, rest } = this;
    return { begun, points: { ...points }, lines: { ...lines }, lineCount, rest: { ...rest } };
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

interface ProgressState {
  begun: boolean;
  points: Through;
  lines: Through;
  lineCount: number;
  rest: Through;
}
