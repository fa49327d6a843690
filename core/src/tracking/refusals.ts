import type { Refusal } from './adapt-events.ts';
import { type EventName, nameOf } from './take-batch.ts';
import type { TrackerRunNews } from './tracker-run-news.ts';

/** So many events refused in a row, none taken between them: not the events are wrong, but the access. */
const MOST_SUSPECTS = 10;

/** What a tracker refused of one run. */
export class Refusals {
  readonly #news: TrackerRunNews;
  readonly #again: boolean;
  /** Refused, but perhaps for a reason that is not theirs: settled by the next thing that the tracker takes. */
  #suspects: Refusal[] = [];
  /** Names of what was refused once more, where only what was refused before comes. */
  readonly #refusedAgain = new Set<string>();

  constructor(news: TrackerRunNews, again: boolean) {
    this.#news = news;
    this.#again = again;
  }

  get hasSuspects(): boolean {
    return this.#suspects.length > 0;
  }

  /** Gives whether the events may still be to blame. */
  suspect(refusal: Refusal): boolean {
    this.#suspects.push(refusal);
    return this.#suspects.length < MOST_SUSPECTS;
  }

  add(refused: readonly Refusal[]): void {
    if (this.#again) for (const one of refused) this.#refusedAgain.add(nameOf(one));
    this.#news.addRejected(refused);
  }

  /** The tracker took something: then what it refused before was refused for its own sake. Gives whether there was any. */
  settle(): boolean {
    if (!this.hasSuspects) return false;
    this.add(this.#suspects);
    this.#suspects = [];
    return true;
  }

  /** Of what was refused before and came again, what is not refused once more has arrived. */
  arrive(events: readonly EventName[]): void {
    if (events.length === 0) return;
    const suspects = new Set(this.#suspects.map(nameOf));
    const isRefused = (name: string): boolean => this.#refusedAgain.has(name) || suspects.has(name);
    this.#news.addArrived(events.filter((event) => !isRefused(nameOf(event))));
  }
}
