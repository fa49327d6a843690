import type { TrackerEvent } from '@mortise/core';

type EventName = Pick<TrackerEvent, 'writer' | 'seq'>;

/** Events that were refused, and taken when they came again, in that order: a writer, and the `seq` of each. */
export type TakenAgain = readonly (readonly [writer: string, ...seqs: number[]])[];

/** As many as core sends before it notes what arrived, and no more than fit into the comment of an archive. */
const MOST = 1_000;

/** With these, which were taken last. Of very many the last: of those before them it is noted that they arrived. */
export function withTaken(before: TakenAgain, events: readonly EventName[]): TakenAgain {
  const kept: [string, ...number[]][] = [];
  for (const { writer, seq } of [...eventsIn(before), ...events].slice(-MOST)) {
    const last = kept.at(-1);
    if (last?.[0] === writer) last.push(seq);
    else kept.push([writer, seq]);
  }
  return kept;
}

/** Of these events those that were not taken when they came again. */
export function notTaken(taken: TakenAgain, events: readonly TrackerEvent[]): readonly TrackerEvent[] {
  const names = new Set(Array.from(eventsIn(taken), nameOf));
  return events.filter((event) => !names.has(nameOf(event)));
}

function* eventsIn(taken: TakenAgain): Generator<EventName, void, undefined> {
  for (const [writer, ...seqs] of taken) for (const seq of seqs) yield { writer, seq };
}

const nameOf = ({ writer, seq }: EventName): string => `${writer} ${seq}`;
