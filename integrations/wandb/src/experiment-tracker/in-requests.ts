import type { TrackerEvent } from '@mortise/core';

/** As JSON, which is about what is said of events: with what comes to it, less than the client puts into one request. */
const MOST_BYTES = 4_000_000;

/**
 * Events in parts of which each goes out in one request, so that it is there as a whole, with the mark that says so, or not at all: of what
 * breaks off between two requests nobody could say later which rows have arrived. Points of one step, which are one row, stay together. At least one part.
 */
export function inRequests(events: readonly TrackerEvent[]): TrackerEvent[][] {
  let part: TrackerEvent[] = [];
  const parts = [part];
  let bytes = 0;
  let step: number | undefined;
  for (const event of events) {
    const size = Buffer.byteLength(JSON.stringify(event));
    const isSameRow = event.kind === 'metrics' && event.step === step;
    if (bytes + size > MOST_BYTES && part.length > 0 && !isSameRow) {
      parts.push((part = []));
      bytes = 0;
    }
    part.push(event);
    bytes += size;
    if (event.kind === 'metrics') step = event.step;
  }
  return parts;
}
