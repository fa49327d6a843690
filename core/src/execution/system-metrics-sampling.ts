import type { MachineReader, Reading } from './system-metrics-machine.ts';
import { systemMetricValues } from './system-metrics-values.ts';

/** A sample of the machine. */
export interface SystemSample {
  /** 0, 1, 2, ... */
  step: number;
  /** When it was taken, ms since the epoch. */
  at: number;
  values: Record<string, number>;
}

/** When the first sample is taken: what a CPU does is seen over a time, ms. */
export const FIRST_SAMPLE_MS = 200;
/** The least time from a sample to the one at the end, for the same reason: CPU time is counted in hundredths of a second. */
const APART_MS = 100;

/** The samples of one attempt: the first soon, then one each interval, counted from the attempt's start, and one at its end. */
export class Sampling {
  readonly #reader: MachineReader;
  readonly #intervalMs: number;
  readonly #take: (sample: SystemSample) => void;
  readonly #startedAt = performance.now();
  readonly #start: Promise<Reading>;
  #latest: Reading | undefined;
  #dueAt = FIRST_SAMPLE_MS;
  #step = 0;
  #timer: NodeJS.Timeout | undefined;
  #underWay: Promise<void> | undefined;
  #ended = false;

  constructor(reader: MachineReader, intervalMs: number, take: (sample: SystemSample) => void) {
    this.#reader = reader;
    this.#intervalMs = intervalMs;
    this.#take = take;
    this.#start = reader.read(['cpu', 'network']);
    this.#wait(this.#dueAt);
  }

  /** Ends it, with a last sample when there is none under way, nor one just taken. */
  async end(last: boolean): Promise<void> {
    clearTimeout(this.#timer);
    this.#ended = true;
    if (!last) return;
    if (this.#underWay !== undefined) return this.#underWay;
    const { at } = this.#latest ?? (await this.#start);
    if (Date.now() - at >= APART_MS) await this.#sample();
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#underWay = this.#sample().then(() => this.#schedule());
    }, ms);
  }

  /** Intervals that a slow sample took up are left out. A timer may come a little before its time. */
  #schedule(): void {
    this.#underWay = undefined;
    if (this.#ended) return;
    const age = performance.now() - this.#startedAt;
    const past = Math.floor(Math.max(age, this.#dueAt) / this.#intervalMs);
    this.#dueAt = (past + 1) * this.#intervalMs;
    this.#wait(this.#dueAt - age);
  }

  async #sample(): Promise<void> {
    const start = await this.#start;
    const now = await this.#reader.read();
    const values = systemMetricValues(now, this.#latest ?? start, start);
    this.#latest = now;
    this.#take({ step: this.#step++, at: now.at, values });
  }
}
