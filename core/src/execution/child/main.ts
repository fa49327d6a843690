// The entry of a step process: a child process that runs steps of one run. Its watching thread begins here too.
import { isMainThread, workerData } from 'node:worker_threads';

async function begin(): Promise<void> {
  const { startParentWatch, watchParent } = await import('./parent-watch.ts');
  if (!isMainThread) return watchParent(workerData as number);
  const { serveSteps } = await import('./serve-steps.ts');
  serveSteps({ watch: (parent) => startParentWatch(new URL(import.meta.url), parent) });
}

void begin();
