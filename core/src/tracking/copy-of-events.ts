import type { TrackerEvent } from './experiment-tracker.ts';

/** Events that are a tracker's own: what it changes in them is not changed for its next try, for other trackers, or in what is stored here. */
export function copyOfEvents(events: readonly TrackerEvent[]): TrackerEvent[] {
  return events.map((event) => {
    const copy = { ...event };
    for (const part of ['values', 'value', 'set', 'remove'] as const)
      if (part in copy) Object.assign(copy, { [part]: copyOf((copy as Partial<Record<typeof part, unknown>>)[part]) });
    return copy;
  });
}

function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  const isFlat = Object.values(value).every((part) => typeof part !== 'object');
  return isFlat ? { ...value } : Object.fromEntries(Object.entries(value).map(([key, part]) => [key, copyOf(part)]));
}
