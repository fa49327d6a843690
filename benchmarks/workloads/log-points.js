// node log-points.js CALLS [VALUES=1]: logs so often in one step, and waits until the tracker has all of it and its run's end
import { activeRun, pipeline, step } from '@mortise/core';

const calls = Number(process.argv[2]);
const call = Number(process.argv[3] ?? 1) === 1 ? logOne : logFive;

function logOne(run, i) {
  run.logMetric('loss', 1 / (i + 1), { step: i });
}

function logFive(run, i) {
  run.logMetrics({ loss: 1 / (i + 1), accuracy: i / calls, rate: 0.1, norm: i * 0.37, seconds: i * 0.01 }, { step: i });
}

const log = step('log', { experimentTracker: true, cache: false }, async () => {
  const run = activeRun();
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let i = 0; i < calls; i++) call(run, i);
  const { user, system } = process.cpuUsage(cpu);
  return { start, callsMs: performance.now() - start, cpuMs: (user + system) / 1000 };
});
const logging = pipeline('logging', () => log());

const { status, result, warnings } = await logging.run({}, { trackerTimeoutMs: 120_000 });
const ms = performance.now() - result.start;
if (status !== 'completed' || warnings.length > 0) throw new Error(`${status} ${warnings}`);
console.log(JSON.stringify({ ms, callsMs: result.callsMs, cpuMs: result.cpuMs, maxRssMb: process.resourceUsage().maxRSS / 1024 }));
