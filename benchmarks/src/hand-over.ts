import { medians } from './rounds.ts';
import { row, type Row } from './row.ts';
import type { ProcessCost } from './process-cost.ts';
import type { ScratchProject } from './scratch-project.ts';

/** 100 MB of numbers, given from a step to the next. */
export function handOver(project: ScratchProject, rounds: number): Row[] {
  const measured = medians(rounds, () => {
    project.reset();
    const ours = project.node('array.js');
    const floor = project.node('floor-array.js');
    return { peak: peakOf(ours), floorPeak: peakOf(floor), cpu: ours.cpu * 1000, floorCpu: floor.cpu * 1000 };
  });
  return [
    row('100 MB handed over, peak memory', 'MB', measured.peak, { floor: measured.floorPeak, goal: { of: 'excess', most: 60 } }),
    row('100 MB handed over, first process', 'ms CPU', measured.cpu, { floor: measured.floorCpu }),
  ];
}

/** The most memory (resident set) that the process itself says it ever had, in MB of 10^6 bytes. */
function peakOf({ output }: ProcessCost): number {
  return ((JSON.parse(output) as { maxRssKiB: number }).maxRssKiB * 1024) / 1e6;
}
