import { Transient } from '../errors.ts';
import type { Receipt, TrackerEvent } from './experiment-tracker.ts';

/** The events that a receipt leaves open. Throws `Transient` when that is all of them, so that they are tried again after a pause. */
export function unsettled(sent: readonly TrackerEvent[], receipt: Receipt): readonly TrackerEvent[] {
  const rejected = new Set(receipt.rejected?.map(({ writer, seq }) => `${writer} ${seq}`));
  const rest = sent.filter(({ writer, seq }) => seq > (receipt.through[writer] ?? 0) && !rejected.has(`${writer} ${seq}`));
  if (rest.length === sent.length) throw new Transient(`it confirmed none of ${sent.length} events`);
  return rest;
}
