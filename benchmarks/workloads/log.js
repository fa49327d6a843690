// node log.js CALLS
import { activeRun, pipeline, step } from '@mortise/core';

const log = step('log', { experimentTracker: true }, async ({ calls }) => {
  const run = activeRun();
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let i = 0; i < calls; i++)
    run.logMetrics({ loss: 1 / (i + 1), accuracy: i / calls, rate: 0.1, norm: i * 0.37, seconds: i * 0.01 }, { step: i });
  const end = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  return { microsecondsPerCall: ((end - start) * 1000) / calls, cpuMs: (user + system) / 1000, end };
});
const logging = pipeline('logging', { params: { calls: 10_000 } }, ({ calls }) => log({ calls }));

const calls = Number(process.argv[2]);
const { status, result, steps } = await logging.run({ calls }, { cache: false });
const { end, ...measured } = result;
const caughtUpMs = performance.now() - end;
const { count } = steps.log.tracker.metrics.loss;
if (status !== 'completed' || count !== calls) throw new Error(`${status}, ${count} of ${calls}`);
console.log(JSON.stringify({ ...measured, caughtUpMs }));
