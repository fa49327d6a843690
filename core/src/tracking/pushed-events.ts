import type { LoggedRecord } from '../store/tracking-data.ts';
import type { EventSource } from './event-source.ts';

/** Events that somebody reads from a log for one tracker run. `changed` is told how many more there are now, or fewer. */
export class PushedEvents implements EventSource {
  readonly #changed: (by: number) => void;
  #events: { record: LoggedRecord }[] = [];
  #closed = false;

  constructor(changed: (by: number) => void) {
    this.#changed = changed;
  }

  get size(): number {
    return this.#events.length;
  }

  push(record: LoggedRecord): void {
    if (this.#closed) return;
    this.#events.push({ record });
    this.#changed(1);
  }

  peek(most: number): readonly { record: LoggedRecord }[] {
    return this.#events.slice(0, most);
  }

  shift(count: number): void {
    this.#events = this.#events.slice(count);
    this.#changed(-count);
  }

  /** Nobody takes them any more. */
  close(): void {
    this.#closed = true;
    this.shift(this.#events.length);
  }
}
