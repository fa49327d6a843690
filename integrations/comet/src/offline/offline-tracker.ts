import { access, constants, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  makeFolder,
  type ExperimentTracker,
  type TrackerCapabilities,
  type TrackerRun,
  type TrackerRunIdentity,
  type TrackerRunRef,
  type TrackerRunStart,
} from '@mortise/core';

import { OFFLINE_CAPABILITIES } from '../comet-capabilities.ts';
import type { ToldNames } from '../comet-environment.ts';
import type { CometRun } from '../comet-run.ts';
import { flatParams } from '../run/flat-params.ts';
import { OWN_PREFIX } from '../run/names.ts';
import { END } from '../run/run-end.ts';
import { childNames, experimentName, labels, namedStart, placeOf, startOthers, type CometPlace } from '../run/run-names.ts';
import { archiveState } from './archive.ts';
import { atFiles, makeRunsFolder } from './files-failure.ts';
import { MessageLog, type LogState } from './message-log.ts';
import { Messages } from './messages.ts';
import { OfflineRun } from './offline-run.ts';
import { RunFiles } from './run-files.ts';

export interface OfflineTrackerOptions {
  /** Absolute. */
  folder: string;
  place: Partial<CometPlace>;
  names: ToldNames;
  /** Whether it keeps what runs print. */
  output: boolean;
  warn: (message: string) => void;
}

/** Each tracker run becomes an archive that `comet upload` takes. Opens no connection. */
export class OfflineTracker implements ExperimentTracker<CometRun> {
  readonly capabilities: TrackerCapabilities;
  readonly #options: OfflineTrackerOptions;
  /** Of experiments by key. */
  readonly #names = new Map<string, string>();

  constructor(options: OfflineTrackerOptions) {
    this.#options = options;
    this.capabilities = { ...OFFLINE_CAPABILITIES, output: options.output };
  }

  async open(
    id: TrackerRunIdentity,
    given: TrackerRunStart,
    known: TrackerRunRef | undefined,
    signal: AbortSignal,
  ): Promise<TrackerRun<CometRun>> {
    const { place: configured, names } = this.#options;
    const start = namedStart(id, given, names);
    this.#names.set(id.key, experimentName(start));
    const place = placeOf(start, configured);
    const files = await this.#filesOf(id.key, known, signal);
    return atFiles(files.root, signal, async () => {
      makeRunsFolder(files.root);
      const archived = await archivedState(files, start, place);
      const log = await presentLog(files, archived);
      if (log === undefined && archived === undefined) {
        const before = knownArchive(known);
        if (before !== undefined)
          this.#options.warn(
            `${start.name}: the offline run of ${before} is gone: what was delivered to it is not in ${files.archive(1)}, which is begun anew`,
          );
        await begin(files, id, start, place);
      } else if (start.resumed === true) await goOn(files, log, archived);
      const { part } = (await (await MessageLog.find(files.log))?.state()) ?? { part: archived!.part - 1 };
      const native = {
        experimentKey: id.key,
        workspace: place.workspace,
        projectName: place.projectName,
        url: undefined,
        client: undefined,
      };
      const ids = {
        comet_experiment_key: id.key,
        ...(place.workspace !== undefined && { comet_workspace: place.workspace }),
        comet_project_name: place.projectName,
      };
      return new OfflineRun({ files, native, ids, readArtifact: start.readArtifact, archived, again: start.again === true }, part);
    });
  }

  /** Can archives be written? */
  async check(signal: AbortSignal): Promise<void> {
    const { folder } = this.#options;
    await atFiles(folder, signal, async () => {
      makeRunsFolder(folder);
      await access(folder, constants.W_OK);
    });
  }

  /** With which `comet_ml.start()` makes an archive beside ours, of the same experiment. */
  childEnv(ref: TrackerRunRef): Record<string, string> {
    const { ids } = ref;
    const archive = knownArchive(ref);
    const { comet_experiment_key: key, comet_workspace: workspace, comet_project_name: project } = ids;
    return {
      ...childNames(this.#options.names, key === undefined ? undefined : this.#names.get(key)),
      COMET_START_ONLINE: 'false',
      COMET_START_MODE: 'get',
      COMET_OFFLINE_DIRECTORY: archive === undefined ? this.#options.folder : dirname(archive),
      ...(key !== undefined && { COMET_EXPERIMENT_KEY: key }),
      ...(workspace !== undefined && { COMET_WORKSPACE: workspace }),
      ...(project !== undefined && { COMET_PROJECT_NAME: project }),
    };
  }

  /** A run goes on where it is, whatever the config says now, unless it is there no more. */
  async #filesOf(key: string, known: TrackerRunRef | undefined, signal: AbortSignal): Promise<RunFiles> {
    const configured = new RunFiles(this.#options.folder, key);
    const archive = knownArchive(known);
    if (archive === undefined || dirname(archive) === configured.root) return configured;
    const before = new RunFiles(dirname(archive), key);
    return atFiles(before.root, signal, async () =>
      (await MessageLog.find(before.log)) !== undefined || (await before.parts()) > 0 ? before : configured,
    );
  }
}

/** The archive that a run had come to, or was to become; undefined for one that was not in files. */
function knownArchive(known: TrackerRunRef | undefined): string | undefined {
  return known?.url?.startsWith('file:') === true ? fileURLToPath(known.url) : undefined;
}

/** What the archives of a run hold, and that begins the next one; undefined without any. */
async function archivedState(files: RunFiles, start: TrackerRunStart, place: CometPlace): Promise<LogState | undefined> {
  const parts = await files.parts();
  if (parts === 0) return undefined;
  const { through = {}, again, messages = 0, end = null } = (await archiveState(files.archive(parts))) ?? {};
  return { ...firstState(start, place), part: parts + 1, labels: [], through, again, messages, end };
}

/** The run's log, unless it is in an archive already: then its process ended before it was taken away. */
async function presentLog(files: RunFiles, archived: LogState | undefined): Promise<MessageLog | undefined> {
  const log = await MessageLog.find(files.log);
  if (log === undefined || archived === undefined || (await log.state()).part >= archived.part) return log;
  await rm(files.folder, { recursive: true, force: true });
  return undefined;
}

async function begin(files: RunFiles, id: TrackerRunIdentity, start: TrackerRunStart, place: CometPlace): Promise<void> {
  const messages = new Messages(1);
  messages.other('offline_experiment', true);
  for (const [name, value] of Object.entries(startOthers(id, start))) messages.other(name, value);
  const { params, nested } = flatParams(start.params ?? {});
  if (nested) messages.other('hasNestedParams', true);
  for (const [name, value] of params) messages.param(name, value, start.startedAt);
  makeFolder(files.folder);
  await MessageLog.create(files.log, messages.lines, { ...firstState(start, place), messages: messages.lines.length });
}

/** Its pipeline run goes on after an end, which counts no more. */
async function goOn(files: RunFiles, log: MessageLog | undefined, archived: LogState | undefined): Promise<void> {
  const state = (await log?.state()) ?? archived!;
  if (state.end === null && log !== undefined) return;
  const messages = new Messages(state.messages + 1);
  for (const name of [`${OWN_PREFIX}error`, `${OWN_PREFIX}error.stack`, END]) messages.other(name, '');
  const clearsError = log === undefined ? state.end !== null && state.end.error !== null : state.clearsError;
  const next = { ...state, end: null, clearsError, messages: state.messages + messages.lines.length };
  if (log !== undefined) return log.append(messages.lines, next, true);
  makeFolder(files.folder);
  await MessageLog.create(files.log, messages.lines, next);
}

function firstState(start: TrackerRunStart, { workspace, projectName }: CometPlace): LogState {
  const { startedAt } = start;
  const place = { workspace: workspace ?? null, projectName };
  return { part: 1, ...place, startedAt, labels: labels(start), through: {}, messages: 0, end: null, clearsError: false };
}
