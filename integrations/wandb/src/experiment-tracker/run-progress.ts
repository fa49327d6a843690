import type { Receipt, TrackerEvent } from '@mortise/core';

import { Delivered, furthest, isWithin, keptNames, nameOf, type Place, type Progress } from './delivered.ts';

type Refused = NonNullable<Receipt['rejected']>;

/** Which events of a run the writer was given, which of them are safe, and which were refused. */
export class RunProgress {
  /** When the run was opened. */
  readonly #before: Progress;
  /** Only what was refused before comes: how far the run came says nothing of it. */
  readonly #again: boolean;
  /** What of it could not be sent yet goes with the next flush. */
  #given: Delivered;
  #safe: Delivered;
  /** Events that were refused for good, until a receipt tells of them. */
  #refused: Refused = [];
  /** All that were. */
  readonly #everRefused = new Set<string>();

  constructor(before: Progress, again: boolean) {
    this.#before = before;
    this.#again = again;
    this.#safe = new Delivered(again ? { ...before, through: {} } : before);
    this.#given = new Delivered(this.#safe.progress);
  }

  get safe(): Progress {
    return this.#furthest(this.#safe);
  }

  get given(): Progress {
    return this.#furthest(this.#given);
  }

  /** Another one when more is safe. */
  get reached(): string {
    return JSON.stringify(this.#safe.progress);
  }

  /** Is there anything given that is not safe? */
  get waits(): boolean {
    return this.reached !== JSON.stringify(this.#given.progress);
  }

  isGiven(event: Place): boolean {
    return this.#given.has(event);
  }

  /** Did it come before, so that the rest of it was taken then? */
  isOld(event: Place): boolean {
    return this.#again || isWithin(event, this.#before);
  }

  /** It has come to its end without records of its own. */
  pass(event: Place): void {
    this.#given.mark(event);
  }

  give(event: Place): void {
    if (this.#again) this.#given.markAgain(event);
    else this.#given.mark(event);
  }

  /** Without `why`, whoever sent it is told in another way. */
  refuse({ writer, seq }: Place, why?: string): void {
    if (why !== undefined) this.#refused.push({ writer, seq, why });
    this.#everRefused.add(nameOf({ writer, seq }));
  }

  /** What the run says of it, to which another process may have written. True if all that waits is there: its answer was lost. */
  takeIn(mark: Progress): boolean {
    if (this.#again) return false;
    const arrived = new Delivered();
    arrived.add(mark);
    const given = Object.entries(this.#given.progress.through).map(([writer, seq]) => ({ writer, seq }));
    const isThere = given.some((place) => !this.#safe.has(place)) && given.every((place) => arrived.has(place));
    this.#safe.add(mark);
    this.#given.add(mark);
    return isThere;
  }

  settle(): void {
    this.#safe = new Delivered(this.#given.progress);
  }

  takeBack(): void {
    this.#given = new Delivered(this.#safe.progress);
  }

  receipt(events: readonly TrackerEvent[]): Pick<Receipt, 'through' | 'rejected'> {
    const through: Record<string, number> = {};
    const open = new Set<string>();
    for (const event of events) {
      if (!this.#safe.has(event)) open.add(event.writer);
      // What came again before may be behind one that is not there yet.
      else if (!open.has(event.writer)) through[event.writer] = event.seq;
    }
    const rejected = this.#refused.filter((refused) => this.#safe.has(refused));
    this.#refused = this.#refused.filter((refused) => !this.#safe.has(refused));
    return { through, ...(rejected.length > 0 && { rejected }) };
  }

  #furthest({ progress }: Delivered): Progress {
    return furthest(this.#before, progress, { through: {}, refused: keptNames(this.#everRefused) });
  }
}
