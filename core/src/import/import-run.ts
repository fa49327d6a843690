import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import { ImportFailed } from '../errors.ts';
import { reasonOf } from '../execution/outcome.ts';
import { saveLogged } from '../execution/save-logged.ts';
import { consoleFile } from '../execution/step-console.ts';
import type { PipelineSpec } from '../pipeline/pipeline-spec.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { PastRun, WorkerRecord } from '../store/run-data.ts';
import type { StackSnapshot } from '../store/stack-data.ts';
import { applyLeftLogs } from '../tracking/apply-left-logs.ts';
import { segmentId, segmentPath } from '../tracking/event-log-writer.ts';
import { join } from 'node:path';
import { asDate, isDate } from './date-time.ts';
import { importedIds, type ImportedIds } from './imported-ids.ts';
import { ImportedPaths } from './imported-paths.ts';
import { originTags } from './imported-tags.ts';
import type { ImportedEvent, ImportedFile, ImportedRun } from './run-importer.ts';
import { soundEvent } from './sound-event.ts';
import { StagedLog, type StagedPlaces } from './staged-log.ts';

/** Where runs are imported to. */
export interface ImportPlace {
  store: MetadataStore;
  logsFolder: string;
  worker: WorkerRecord;
  /** What of a stack an imported run has. */
  stack: StackSnapshot;
  artifactStore(): Promise<ArtifactStore>;
  signal: AbortSignal;
  /** Told of points and files as they are read. */
  read(what: 'point' | 'file', count: number): void;
}

/** What stands in the plan of an imported run for its one step. */
const STEP = 'imported';
/** How a run ended that had not when it was imported. */
const NOT_ENDED = { status: 'killed', reason: 'it had not ended when it was imported' } as const;
const LONGEST_NAME = 250;
const MOST_NAMED = 5;
const DELETED = 'it was imported before, and deleted: run "mortise gc", which takes away what is left of it, and import again';

export type Imported = { done: 'imported'; points: number; files: number } | { done: 'there' };

/**
 * Imports one run: its log is written apart, then the run is recorded with it in one transaction, then the log is applied. Killed before that transaction,
 * an import has left nothing that counts, and the next one begins anew; after it, whoever looks next applies the rest.
 * @throws ImportFailed for a run that was deleted here, and what reading or storing throws
 */
export async function importRun(place: ImportPlace, vendor: string, run: ImportedRun): Promise<Imported> {
  const { store, logsFolder, worker, signal } = place;
  const ids = importedIds(vendor, run.id);
  const presence = await store.runPresence(ids.run);
  if (presence === 'deleted') throw new ImportFailed({ from: run.name, reason: DELETED });
  const apply = (): Promise<void> => applyLeftLogs({ store, logFolder: logsFolder, worker }, ids.run, signal);
  if (presence === 'there') {
    await apply();
    return { done: 'there' };
  }
  const path = segmentPath(join(logsFolder, ids.run), ids.writer, 1);
  const log = await StagedLog.create(logsFolder, { runId: ids.step, writer: ids.writer });
  let isNew: boolean;
  let read: ReadLog;
  try {
    read = await stageLog(place, run, { ids, log, places: { log: path, console: consoleFile(logsFolder, ids.run, ids.step) } });
    isNew = await store.addPastRun({
      ...headOf(place, vendor, run, read),
      id: ids.run,
      step: { id: ids.step, stepId: STEP },
      segment: { id: segmentId(path), path },
    });
  } finally {
    // Garbage collection leaves what a staged run has stored: until the store knows it.
    await log.discard();
  }
  await apply();
  return isNew ? { done: 'imported', points: read.points, files: read.files } : { done: 'there' };
}

/** What was read of a run's events. */
interface ReadLog {
  points: number;
  files: number;
  tags: Record<string, string>;
  /** Of the last event. */
  lastAt: number;
  /** Why events were left out. */
  leftOut: string[];
  /** When events were logged that stand at the start of the run, as no date is that far. */
  undated: number[];
  paths: ImportedPaths;
}

async function stageLog(
  place: ImportPlace,
  run: ImportedRun,
  to: { ids: ImportedIds; log: StagedLog; places: StagedPlaces },
): Promise<ReadLog> {
  const { signal } = place;
  const startedAt = asDate(run.startedAt);
  const read: ReadLog = { points: 0, files: 0, tags: {}, lastAt: startedAt, leftOut: [], undated: [], paths: new ImportedPaths() };
  const saved: string[] = [];
  const { log, ids } = to;
  const isThere = async (): Promise<boolean> => (await place.store.runPresence(ids.run)) === 'there';
  try {
    for await (const given of run.events(signal)) {
      signal.throwIfAborted();
      let event = soundOr(given, read.leftOut);
      if (event === undefined) continue;
      if (!isDate(event.at)) {
        read.undated.push(event.at);
        event = { ...event, at: startedAt };
      }
      const written =
        event.kind === 'artifact' ? await keepFile(place, run, { ...event, path: read.paths.of(event.path) }, ids.step) : event;
      if (event.kind === 'artifact') saved.push((written as { key: string }).key);
      const { at, ...logged } = written;
      await log.append(logged, at);
      note(read, written, place);
    }
    // The log of one that was faster may be read already.
    if (!(await isThere())) await log.close(to.places);
    return read;
  } catch (error) {
    // Of a process that is killed here, they stay until the next import writes the same. Another import has written the same, and needs them.
    if (saved.length > 0 && !log.hasRival && !(await isThere().catch(() => true)))
      await (await place.artifactStore()).delete(saved).catch(() => undefined);
    throw error;
  }
}

function soundOr(given: ImportedEvent, leftOut: string[]): ImportedEvent | undefined {
  try {
    return soundEvent(given);
  } catch (error) {
    leftOut.push(reasonOf(error));
    return undefined;
  }
}

/** Keys of an artifact store begin with the pipeline's name. */
async function keepFile(
  { artifactStore, signal }: ImportPlace,
  run: ImportedRun,
  { read, ...event }: { at: number } & ImportedFile,
  stepRunId: string,
) {
  const file = await saveLogged(await artifactStore(), { pipeline: pipelineOf(run), stepRunId }, event.path, read(signal));
  return { ...event, ...file };
}

function note(read: ReadLog, event: { at: number; kind: string }, place: ImportPlace): void {
  read.lastAt = Math.max(read.lastAt, event.at);
  const logged = event as ImportedEvent;
  if (logged.kind === 'metrics') {
    const points = Object.keys(logged.values).length;
    read.points += points;
    place.read('point', points);
  } else if (logged.kind === 'artifact') {
    read.files++;
    place.read('file', 1);
  } else if (logged.kind === 'tags') {
    Object.assign(read.tags, logged.set);
    for (const name of logged.remove ?? []) delete read.tags[name];
  }
}

function headOf({ stack, worker }: ImportPlace, vendor: string, run: ImportedRun, read: ReadLog): Omit<PastRun, 'id' | 'step' | 'segment'> {
  const pipeline = pipelineOf(run);
  const name = lineOf(run.name) || lineOf(run.id);
  const outcome = importedOutcome(run);
  const startedAt = asDate(run.startedAt);
  const endedAt = run.endedAt !== undefined && isDate(run.endedAt) ? run.endedAt : read.lastAt;
  return {
    // `latest` is the newest run of all.
    names: [...(name === 'latest' ? [] : [name]), `${name}-${importedIds(vendor, run.id).run.slice(0, 8)}`],
    pipeline,
    experiment: pipeline,
    startedAt: Math.round(startedAt),
    endedAt: Math.round(Math.max(startedAt, endedAt)),
    outcome,
    params: {},
    tags: { ...read.tags, ...originTags(vendor, run) },
    spec: specOf(pipeline, vendor, name),
    stack,
    environment: { host: '', node: '', packages: {}, command: [], ...(run.user !== undefined && { user: run.user }) },
    worker,
    warnings: [...undatedIn(run, read), ...warningsOf(read)],
  };
}

/** A cached one is over, and what it took over is no run of ours. */
export function importedOutcome({ outcome = NOT_ENDED }: ImportedRun): PastRun['outcome'] {
  return outcome.status === 'cached' ? { status: 'completed' } : outcome;
}

/** One step, whose tracker runs are called as the run is. */
function specOf(pipeline: string, vendor: string, runName: string): PipelineSpec {
  const module = `imported from ${vendor}`;
  const step = { id: STEP, name: STEP, module, inputs: {}, outputs: [], splitOutputs: false, after: [], when: [] };
  const settings = [{ 'experiment-tracker': { runName } }];
  return { specVersion: 1, pipeline, style: 'function', module, params: {}, steps: [{ ...step, options: { settings } }] };
}

/** What was logged counts more than when it was: times in ns are a mistake of who logged. */
function undatedIn({ startedAt, endedAt }: ImportedRun, { undated }: ReadLog): string[] {
  const ends = [
    ...(isDate(startedAt) ? [] : [`began ${startedAt} ms after 1970, which is no date: it stands at 1970`]),
    ...(endedAt === undefined || isDate(endedAt) ? [] : [`ended ${endedAt} ms after 1970, which is no date: it ends with its last event`]),
  ].map((what) => `it ${what}`);
  const n = undated.length;
  if (n === 0) return ends;
  const events = n === 1 ? 'event was' : 'events were';
  return [...ends, `${n} ${events} logged at a time that is no date (${undated[0]} ms after 1970): here at the start of the run`];
}

function warningsOf({ leftOut, paths: { renamed } }: ReadLog): string[] {
  const n = leftOut.length;
  const lost = n === 0 ? [] : [`${n} ${n === 1 ? 'event was' : 'events were'} left out when it was imported: ${leftOut[0]!}`];
  if (renamed.size === 0) return lost;
  const named = Array.from(renamed, ([given, path]) => `"${given}" is "${path}"`).slice(0, MOST_NAMED);
  const which = [...named, ...(renamed.size > named.length ? ['...'] : [])].join(', ');
  const files = renamed.size === 1 ? 'file is' : 'files are';
  return [...lost, `${renamed.size} ${files} called otherwise here, as none can be the folder of another: ${which}`];
}

const pipelineOf = ({ experiment }: ImportedRun): string => lineOf(experiment) || STEP;

/** A name in one line. */
function lineOf(text: string): string {
  return text
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_NAME)
    .toWellFormed();
}
