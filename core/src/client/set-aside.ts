import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import type { RejectedEvent } from '../store/delivery-store.ts';
import type { LoggedRecord } from '../store/tracking-data.ts';
import { decodeLine, lineOrigin } from '../tracking/event-log-line.ts';
import { eachLine } from '../tracking/event-log-reader.ts';
import type { TrackerEvent } from '../tracking/experiment-tracker.ts';
import { segmentFiles } from '../tracking/segment-files.ts';

/** An event that a tracker refused for good. */
export interface SetAsideEvent {
  run: string;
  /** null: of the pipeline run's own tracker run. */
  step: string | null;
  attempt: number;
  /** null: its log is not on this machine. */
  kind: TrackerEvent['kind'] | null;
  /** Of what was logged: metrics, params, tags, a file's path. Empty for what has no name. */
  names: string[];
  /** Which event of the log it is. */
  writer: string;
  seq: number;
  why: string;
}

/** Set-aside events of one step that are of one name and were refused for one reason, whatever the numbers in it. */
export interface RefusedEvents extends Pick<SetAsideEvent, 'run' | 'step' | 'attempt' | 'kind' | 'names'> {
  events: number;
  /** Of the first of them: which it is, and why it was refused. */
  firstSeq: number;
  why: string;
}

/** How many events of a run a tracker refused for good. */
export interface RefusedOfRun {
  run: string;
  events: number;
  /** How many reasons there are. */
  reasons: number;
  /** The commonest, as it was said of the first event. */
  why: string;
}

/** Set-aside events with what they are, which is looked up in the logs of their runs. */
export async function setAsideEvents(rejected: readonly RejectedEvent[], logsFolder: string): Promise<SetAsideEvent[]> {
  const found = new Map<string, LoggedRecord>();
  for (const [runId, events] of Map.groupBy(rejected, (event) => event.runId)) await lookUp(join(logsFolder, runId), events, found);
  return rejected.map((event) => {
    const { run, step = null, attempt, writer, seq, why } = event;
    const logged = found.get(keyOf(event.loggedBy, writer, seq));
    return { run, step, attempt, kind: logged?.kind ?? null, names: logged === undefined ? [] : namesOf(logged), writer, seq, why };
  });
}

async function lookUp(folder: string, events: readonly RejectedEvent[], found: Map<string, LoggedRecord>): Promise<void> {
  const wanted = new Set(events.map(({ loggedBy, writer, seq }) => keyOf(loggedBy, writer, seq)));
  for (const path of await segmentFiles(folder)) {
    for (const lines of eachLine(path)) {
      for (const { line } of lines) {
        const origin = lineOrigin(line);
        const key = origin && keyOf(origin.runId, origin.writer, origin.seq);
        const logged = key !== undefined && wanted.has(key) ? decodeLine(line) : undefined;
        if (logged !== undefined) found.set(key!, logged);
      }
      await setImmediate();
    }
  }
}

const keyOf = (loggedBy: string, writer: string, seq: number): string => `${loggedBy} ${writer} ${seq}`;

function namesOf(event: LoggedRecord): string[] {
  switch (event.kind) {
    case 'metrics':
      return Object.keys(event.values).map((name) => (event.context === undefined ? name : `${event.context}/${name}`));
    case 'params':
      return Object.keys(event.values);
    case 'tags':
      return [...Object.keys(event.set), ...(event.remove ?? [])];
    case 'artifact':
      return [event.path];
    case 'json':
    case 'define-metric':
    case 'dataset':
      return [event.name];
    case 'note':
    case 'log':
      return [];
  }
}

/** Those that are alike together, in the order of the first of each. */
export function alike(events: readonly SetAsideEvent[]): RefusedEvents[] {
  const groups = Map.groupBy(events, ({ run, step, attempt, kind, names, why }) =>
    JSON.stringify([run, step, attempt, kind, names, reasonOf(why)]),
  );
  return Array.from(groups.values(), (group) => {
    const { run, step, attempt, kind, names, seq, why } = group[0]!;
    return { run, step, attempt, kind, names, events: group.length, firstSeq: seq, why };
  });
}

/** In the order of `events`. */
export function refusedByRun(events: readonly RejectedEvent[]): RefusedOfRun[] {
  return Array.from(Map.groupBy(events, ({ runId }) => runId).values(), (ofRun) => {
    const reasons = [...Map.groupBy(ofRun, ({ why }) => reasonOf(why)).values()];
    const commonest = reasons.reduce((most, reason) => (reason.length > most.length ? reason : most));
    return { run: ofRun[0]!.run, events: ofRun.length, reasons: reasons.length, why: commonest[0]!.why };
  });
}

/** A reason without what differs from event to event: numbers and quoted names. */
function reasonOf(why: string): string {
  return why.replace(/"[^"]*"/g, '""').replace(/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi, '0');
}
