// node log-points.js POINTS: logs them in one step, and waits until the tracker has all of them and their run's end
import { activeRun, pipeline, step } from '@mortise/core';

const points = Number(process.argv[2]);
const log = step('log', { experimentTracker: true, cache: false }, async () => {
  const run = activeRun();
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let i = 0; i < points; i++) run.logMetric('loss', 1 / (i + 1), { step: i });
  const { user, system } = process.cpuUsage(cpu);
  return { start, callsMs: performance.now() - start, cpuMs: (user + system) / 1000 };
});
const logging = pipeline('logging', () => log());

const { status, result, warnings } = await logging.run({}, { trackerTimeoutMs: 120_000 });
const ms = performance.now() - result.start;
if (status !== 'completed' || warnings.length > 0) throw new Error(`${status} ${warnings}`);
console.log(JSON.stringify({ ms, callsMs: result.callsMs, cpuMs: result.cpuMs, maxRssMb: process.resourceUsage().maxRSS / 1024 }));
