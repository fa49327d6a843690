import { redactEvent } from '../secrets/redaction.ts';
import { adaptEvents, type AdaptedEvents } from './adapt-events.ts';
import type { DeliveryPlan } from './delivery-plan.ts';
import type { TrackerCapabilities, TrackerEvent } from './experiment-tracker.ts';

/** Events of a batch, unless the tracker takes fewer. */
const BATCH = 1_000;

export type EventName = Pick<TrackerEvent, 'writer' | 'seq'>;

/** Events that go to the tracker together. */
export interface Batch extends AdaptedEvents {
  /** How many were taken from the queue. */
  count: number;
  /** Highest seq per writer. */
  last: Record<string, number>;
  /** Which were taken from the queue, where only what was refused before comes. */
  again: EventName[];
}

export const nameOf = ({ writer, seq }: EventName): string => `${writer} ${seq}`;

/** Takes the next events from the queue, at most `most`, and gives them as the tracker takes them; undefined if there are none. */
export function takeBatch({ events, component, again }: DeliveryPlan, most: number): Batch | undefined {
  if (events === undefined || events.size === 0 || most <= 0) return undefined;
  const { capabilities } = component.tracker;
  const taken = events.peek(Math.min(most, batchOf(capabilities)));
  events.shift(taken.length);
  const last: Record<string, number> = {};
  for (const { record } of taken) last[record.writer] = record.seq;
  const redacted = taken.map(({ record: { runId: _, ...event } }) => redactEvent(event));
  const adapted = adaptEvents(redacted, capabilities);
  if (again !== true) return { ...adapted, count: taken.length, last, again: [] };
  return { ...wholeOnes(adapted), count: taken.length, last, again: redacted.map(({ writer, seq }) => ({ writer, seq })) };
}

/** Batches of nothing would go on for ever, whatever a flavor says of itself. */
function batchOf({ limits }: TrackerCapabilities): number {
  const batch = Math.floor(limits?.batch ?? BATCH);
  return batch >= 1 ? batch : 1;
}

/** Of an event that is refused in part again the rest was sent when it came first: sent once more, it would be there twice, or undo what came since. */
function wholeOnes({ events, refused }: AdaptedEvents): AdaptedEvents {
  const inPart = new Set(refused.map(nameOf));
  return { events: events.filter((event) => !inPart.has(nameOf(event))), refused };
}
