import type { LoggedRecord } from '../store/tracking-data.ts';

/** The events of one tracker run that are still to be delivered, in order. */
export interface EventSource {
  readonly size: number;
  /** The next events, at most `most`, at least one if there is one. They stay until `shift`. */
  peek(most: number): readonly { record: LoggedRecord }[];
  /** Removes the first `count` events. */
  shift(count: number): void;
}
