import { medians } from './rounds.ts';
import { row, type Row } from './row.ts';
import type { ScratchProject } from './scratch-project.ts';

/** What a workload that logs says of itself. */
interface Logged {
  microsecondsPerCall: number;
  /** CPU of the process while the step logged. The floor does not say it, nor the next one. */
  cpuMs: number;
  /** From the last call to the end of the run, when the store holds every point. */
  caughtUpMs: number;
}

/** `activeRun().logMetrics()` with five values: what the step waits and pays for it, and what the process pays until the store has everything. */
export function logMetrics(project: ScratchProject, rounds: number): Row[] {
  const log = (script: string, calls: number) => {
    const { cpu, output } = project.node(script, String(calls));
    return { ...(JSON.parse(output) as Logged), cpu };
  };
  const measured = medians(rounds, () => {
    project.reset();
    log('log.js', 1);
    const ours = { few: log('log.js', 10_000), many: log('log.js', 100_000) };
    const floor = { few: log('floor-log.js', 10_000), many: log('floor-log.js', 100_000) };
    const slope = (of: typeof ours) => ((of.many.cpu - of.few.cpu) * 1e6) / 90_000;
    return {
      few: ours.few.microsecondsPerCall,
      fewFloor: floor.few.microsecondsPerCall,
      many: ours.many.microsecondsPerCall,
      manyFloor: floor.many.microsecondsPerCall,
      inStep: ours.many.cpuMs,
      caughtUp: ours.many.caughtUpMs,
      whole: slope(ours),
      wholeFloor: slope(floor),
    };
  });
  return [
    row('logMetrics, 10,000 calls: wait of the step', 'µs/call', measured.few, { floor: measured.fewFloor, goal: WAIT }),
    row('logMetrics, 100,000 calls: wait of the step', 'µs/call', measured.many, { floor: measured.manyFloor, goal: WAIT }),
    row('logMetrics, 100,000 calls: CPU in the step', 'ms CPU', measured.inStep, { goal: { of: 'median', most: 1_500 } }),
    row('logMetrics, 100,000 calls: end of the step until the store has all', 'ms wall', measured.caughtUp, {
      goal: { of: 'median', most: 5_000 },
    }),
    row('logMetrics, CPU of the process, 10,000 to 100,000', 'µs/call', measured.whole, { floor: measured.wholeFloor }),
  ];
}

const WAIT = { of: 'median', most: 15 } as const;
