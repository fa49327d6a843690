import { Worker } from 'node:worker_threads';

/** How often the watching thread looks, ms. */
const INTERVAL_MS = 500;
/** The thread does next to nothing. MB. */
const MEMORY = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 };

/**
 * Ends this process when `parent` is gone, even while a step computes without a pause: then nobody in the main thread would hear that the channel closed.
 * `entry` is a module that calls `watchParent` when it runs in that thread.
 */
export function startParentWatch(entry: URL, parent: number): void {
  const worker = new Worker(entry, { workerData: parent, execArgv: [], env: {}, resourceLimits: MEMORY });
  // Without the thread the process still ends with its channel, as soon as its code pauses.
  worker.on('error', () => undefined);
  worker.unref();
}

/** In the watching thread: a process whose parent has ended gets another one. */
export function watchParent(parent: number): void {
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
  }, INTERVAL_MS);
}
