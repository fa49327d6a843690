import { extname } from 'node:path';
import type { Worker } from 'node:worker_threads';

import { moduleUrl } from '../module-url.ts';
import type { Logger } from '../stack/flavor.ts';

/**
 * A run that is older than this has a heart that beats, ms. On its own host a process is known to live without one, and elsewhere nobody asks before 30 s;
 * starting the thread costs as much as running a hundred short steps.
 */
const START_AFTER_MS = 3_000;

const SQLITE = 'sqlite:';
/** The thread's code, wherever in the sources, or in the bundle, this very code has come to lie. */
const WORKER_FILE = new URL(
  `execution/heartbeat-worker${extname(moduleUrl(import.meta))}`,
  /^.*\/(?:src|dist)\//.exec(moduleUrl(import.meta))?.[0] ?? moduleUrl(import.meta),
);

/** A run that this process owns. */
export interface WatchedRun {
  id: string;
  storeUrl: string;
  workerId: string;
  log: Logger;
  /** Somebody has asked the run to stop. May be called several times. */
  onCancel(): void;
}

export interface RunWatch {
  /** To be called as a step begins, for the event loop may not turn between steps. */
  stepStarts(at: number): void;
  release(): void;
}

/** Keeps a run's owner visibly alive, and hears when the run is to stop, once the run is 3 s old. */
export function watchRun(run: WatchedRun): RunWatch {
  const startAt = Date.now() + START_AFTER_MS;
  let heart: Heart | undefined;
  const start = (): void => {
    clearTimeout(timer);
    heart ??= heartOf(run).join(run);
  };
  const timer = setTimeout(start, START_AFTER_MS).unref();
  return {
    stepStarts(at) {
      if (heart === undefined && at >= startAt) start();
    },
    release() {
      clearTimeout(timer);
      heart?.leave(run);
    },
  };
}

const hearts = new Map<string, Heart>();

function heartOf({ storeUrl, workerId, log }: WatchedRun): Heart {
  const known = hearts.get(storeUrl);
  if (known !== undefined) return known;
  const heart = new Heart(storeUrl, workerId, log);
  hearts.set(storeUrl, heart);
  return heart;
}

/** The thread that beats for all runs of this process in one store, while there are any. */
class Heart {
  readonly #storeUrl: string;
  readonly #runs = new Map<string, WatchedRun>();
  readonly #thread: Worker | undefined;

  constructor(storeUrl: string, workerId: string, log: Logger) {
    this.#storeUrl = storeUrl;
    this.#thread = startThread({ path: storeUrl.slice(SQLITE.length), workerId }, (error) =>
      log.debug('no heartbeat: on another host this process may be taken for dead', { error }),
    );
    this.#thread?.on('message', (cancelled: string[]) => {
      for (const id of cancelled) this.#runs.get(id)?.onCancel();
    });
  }

  join(run: WatchedRun): this {
    this.#runs.set(run.id, run);
    return this;
  }

  leave(run: WatchedRun): void {
    if (!this.#runs.delete(run.id) || this.#runs.size > 0) return;
    hearts.delete(this.#storeUrl);
    this.#thread?.postMessage('end');
  }
}

/** A process that may start no thread runs without a heartbeat: on its own host it is known to live all the same. */
function startThread(workerData: { path: string; workerId: string }, failed: (error: unknown) => void): Worker | undefined {
  try {
    // Loaded here, for few runs come so far, and it costs a start some ms.
    const threads = process.getBuiltinModule('node:worker_threads');
    // Nothing of how this process was started (loaders, inspectors) is needed there.
    const thread = new threads.Worker(WORKER_FILE, { workerData, execArgv: ['--disable-warning=ExperimentalWarning'], env: {} });
    thread.on('error', failed);
    thread.unref();
    return thread;
  } catch (error) {
    failed(error);
    return undefined;
  }
}
