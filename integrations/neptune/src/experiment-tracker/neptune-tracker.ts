import type {
  ComponentContext,
  ExperimentTracker,
  Logger,
  TrackerRun,
  TrackerRunIdentity,
  TrackerRunRef,
  TrackerRunStart,
} from '@mortise/core';

import { offlinePlaces } from '../offline/offline-places.ts';
import { onlinePlaces } from '../online/online-places.ts';
import { neptuneAccess, type NeptuneAccess } from './neptune-access.ts';
import { neptuneCapabilities } from './neptune-capabilities.ts';
import type { NeptuneTrackerConfig } from './neptune-tracker-config.ts';
import { NeptuneTrackerRun, type NeptuneRun } from './neptune-tracker-run.ts';
import { NOTHING } from './run-memory.ts';
import type { RunPlace } from './run-place.ts';
import { resumeWrites, startWrites } from './start-writes.ts';

export async function create({ config, log, projectRoot, fetch }: ComponentContext<NeptuneTrackerConfig>): Promise<NeptuneTracker> {
  const access = neptuneAccess(config, projectRoot);
  const said = new Set<string>();
  const warn = (message: string): void => {
    if (said.has(message)) return;
    said.add(message);
    log.warn(message);
  };
  const places = access.mode === 'offline' ? offlinePlaces(access) : onlinePlaces(access, { fetch, warn });
  return new NeptuneTracker(access, places, warn);
}

/** The runs of a tracker: in files, or at a server. */
export interface RunPlaces {
  /** The place of a run, which may not have been made yet. `again`: only what was refused before comes. */
  placeOf(runId: string, known: TrackerRunRef | undefined, signal: AbortSignal, again: boolean): Promise<RunPlace>;
  check(signal: AbortSignal): Promise<void>;
  end(): void;
}

/** Each tracker run is a run of Neptune 3, whose custom id is our key. */
export class NeptuneTracker implements ExperimentTracker<NeptuneRun> {
  readonly capabilities;
  readonly #access: NeptuneAccess;
  readonly #places: RunPlaces;
  readonly #warn: Logger['warn'];

  constructor(access: NeptuneAccess, places: RunPlaces, warn: (message: string) => void) {
    this.capabilities = neptuneCapabilities(access.mode, access.output);
    this.#access = access;
    this.#places = places;
    this.#warn = warn;
  }

  async open(
    id: TrackerRunIdentity,
    start: TrackerRunStart,
    known: TrackerRunRef | undefined,
    signal: AbortSignal,
  ): Promise<TrackerRun<NeptuneRun>> {
    signal.throwIfAborted();
    const { project, mode } = this.#access;
    const place = await this.#places.placeOf(id.key, known, signal, start.again === true);
    await place.write((memory) => {
      if (!memory.begun) return startWrites(id, start, (message) => this.#warn(message));
      return start.resumed === true && memory.ended !== undefined ? resumeWrites(memory, Date.now()) : NOTHING;
    }, signal);
    const file = place.ref.ids['neptune_operations_file'];
    const native: NeptuneRun = { runId: id.key, project, mode, ...(file !== undefined && { operationsFile: file }) };
    return new NeptuneTrackerRun(native, place, start);
  }

  /** Asks whether the server lets us in, or the folder can be written to. */
  async check(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#places.check(signal);
  }

  /** The Python client reads all but the id: `Run(run_id=os.environ["NEPTUNE_CUSTOM_RUN_ID"])` logs into the same run. */
  childEnv({ id }: TrackerRunRef): Record<string, string> {
    const { project } = this.#access;
    return {
      NEPTUNE_PROJECT: project,
      ...(id !== undefined && { NEPTUNE_CUSTOM_RUN_ID: id }),
      ...(this.#access.mode === 'online'
        ? { NEPTUNE_MODE: 'async', NEPTUNE_API_TOKEN: this.#access.apiToken }
        : { NEPTUNE_MODE: 'offline', NEPTUNE_LOG_DIRECTORY: this.#access.directory }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#places.end();
  }
}
