// The entry of a step process: a child process that runs steps of one run. Its watching thread begins here too.
import { isMainThread, workerData } from 'node:worker_threads';

const { startParentWatch, watchParent } = await import('./parent-watch.ts');

if (!isMainThread) watchParent(workerData as number);
else {
  const { serveSteps } = await import('./serve-steps.ts');
  serveSteps({ watch: (parent) => startParentWatch(new URL(import.meta.url), parent) });
}
