import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import type { SegmentRecord } from '../store/delivery-store.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { WorkerRecord } from '../store/run-data.ts';
import { EventLogReader, type LostEvents } from './event-log-reader.ts';
import { segmentId } from './event-log-writer.ts';
import { segmentFiles } from './segment-files.ts';

export interface LeftLogs {
  store: MetadataStore;
  /** `.mortise/logs`. */
  logFolder: string;
  /** Whoever looks. */
  worker: WorkerRecord;
}

/** A segment that is not known to be applied to its end. */
export type OpenSegment = Pick<SegmentRecord, 'id' | 'path' | 'appliedOffset' | 'appliedLines'>;

/**
 * Applies to the store what is left of the event log of a run that nobody writes any more: the segments that the store knows, from its cursors on, and those
 * that lie in the run's folder. What was damaged or cut off is told in the run's warnings; a line that was never finished was never promised.
 * Any number of processes may do so at once, and again.
 */
export async function applyLeftLogs(place: LeftLogs, runId: string, stop?: AbortSignal): Promise<void> {
  for (const segment of await openSegments(place, runId)) {
    await applySegment(place.store, runId, segment, stop);
    if (stop?.aborted) return;
    await place.store.sealSegment(segment.id, true);
  }
}

/** Makes the store know all segments of a run's log, so that none is forgotten, whenever they are applied. */
export async function registerLeftLogs(place: LeftLogs, runId: string): Promise<void> {
  await openSegments(place, runId);
}

async function openSegments({ store, logFolder, worker }: LeftLogs, runId: string): Promise<OpenSegment[]> {
  const folder = join(logFolder, runId);
  const files = await segmentFiles(folder);
  const known = await store.segments(runId);
  const open: OpenSegment[] = [];
  for (const path of files) {
    const segment = known.find(({ id }) => id === segmentId(path));
    if (segment?.sealed) continue;
    if (segment === undefined) await store.openSegment({ id: segmentId(path), runId, workerId: worker.id, path, openedAt: Date.now() });
    open.push({ id: segmentId(path), appliedOffset: 0, appliedLines: 0, ...segment, path });
  }
  // A file that is gone is lost, unless it never was on this machine.
  const names = new Set(files.map((path) => basename(path)));
  const elsewhere = known.filter(
    ({ sealed, path, host }) => !sealed && !names.has(basename(path)) && (existsSync(path) || host === worker.host),
  );
  return [...open, ...elsewhere];
}

/** Applies to the store what a segment holds behind its cursor. */
export async function applySegment(store: MetadataStore, runId: string, segment: OpenSegment, stop?: AbortSignal): Promise<void> {
  const reader = new EventLogReader(segment.path, { offset: segment.appliedOffset, events: segment.appliedLines });
  while (!stop?.aborted) {
    const from = reader.cursor.offset;
    const { records, lost } = reader.read();
    if (records.length + lost.length === 0) return;
    // Told before the cursor moves on, after which nobody would see it again.
    await warnOfLost(store, runId, lost);
    const { offset, events } = reader.cursor;
    await store.applyEvents(
      segment.id,
      records.map(({ record }) => record),
      Math.min(from, offset),
      offset,
      events,
    );
    await setImmediate();
  }
}

/** Says in the run's warnings how many events are lost, and why. */
export async function warnOfLost(store: MetadataStore, runId: string, lost: readonly LostEvents[]): Promise<void> {
  const count = lost.reduce((sum, each) => sum + each.count, 0);
  if (count > 0) await store.addWarnings(runId, [`${count} ${count === 1 ? 'event' : 'events'} lost: ${lost[0]!.why}`]);
}
