import type { Receipt, TrackerEvent } from '@mortise/core';

/** The last of each writer. */
export function throughOf(events: readonly TrackerEvent[]): Receipt['through'] {
  const through: Receipt['through'] = {};
  for (const { writer, seq } of events) through[writer] = Math.max(seq, through[writer] ?? 0);
  return through;
}
