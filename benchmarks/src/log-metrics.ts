import { medians } from './rounds.ts';
import { row, type Row } from './row.ts';
import type { ScratchProject } from './scratch-project.ts';

/** `activeRun().logMetrics()` with five values: what the step waits for it, and what the process pays for it until it has ended. */
export function logMetrics(project: ScratchProject, rounds: number): Row[] {
  const wait = (script: string, calls: number) => {
    const { cpu, output } = project.node(script, String(calls));
    return { perCall: (JSON.parse(output) as { microsecondsPerCall: number }).microsecondsPerCall, cpu };
  };
  const measured = medians(rounds, () => {
    project.reset();
    wait('log.js', 1);
    const ours = { few: wait('log.js', 10_000), many: wait('log.js', 100_000) };
    const floor = { few: wait('floor-log.js', 10_000), many: wait('floor-log.js', 100_000) };
    const slope = (of: typeof ours) => ((of.many.cpu - of.few.cpu) * 1e6) / 90_000;
    return {
      few: ours.few.perCall,
      fewFloor: floor.few.perCall,
      many: ours.many.perCall,
      manyFloor: floor.many.perCall,
      whole: slope(ours),
      wholeFloor: slope(floor),
    };
  });
  return [
    row('logMetrics, 10,000 calls: wait of the step', 'µs/call', measured.few, { floor: measured.fewFloor }),
    row('logMetrics, 100,000 calls: wait of the step', 'µs/call', measured.many, { floor: measured.manyFloor }),
    row('logMetrics, CPU of the process, 10,000 to 100,000', 'µs/call', measured.whole, { floor: measured.wholeFloor }),
  ];
}
