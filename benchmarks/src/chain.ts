import { medians } from './rounds.ts';
import { row, type Row } from './row.ts';
import type { ScratchProject } from './scratch-project.ts';

/**
 * Steps that each take what the one before gave: what Mortise adds to a step, in whole processes. The cache is off where a run is compared with the
 * floor, which runs everything too; the steps' sources are known from the first process on, as they are in daily use.
 */
export function chain(project: ScratchProject, rounds: number): Row[] {
  const run = (steps: number, cache: 'cache' | 'no-cache') => project.node('run-chain.js', String(steps), cache);
  const floor = (steps: number) => project.node('floor-chain.js', String(steps)).cpu * 1000;
  const measured = medians(rounds, () => {
    project.reset();
    const first = run(100, 'no-cache').cpu * 1000;
    const second = run(100, 'no-cache');
    const floor100 = floor(100);
    const command = project.mortise('run', 'chain.js', '--no-cache').cpu * 1000;
    const cached = run(100, 'cache').wall * 1000;
    const thousand = run(1000, 'no-cache');
    const floor1000 = floor(1000);
    const cached1000 = run(1000, 'cache').wall * 1000;
    const fiveThousand = run(5000, 'no-cache').cpu * 1000;
    const floor5000 = floor(5000);
    return {
      first,
      second: second.cpu * 1000,
      floor100,
      command,
      wall100: second.wall * 1000,
      cached,
      wall1000: thousand.wall * 1000,
      cached1000,
      slope: (thousand.cpu - second.cpu) * (1000 / 900),
      floorSlope: (floor1000 - floor100) / 900,
      longSlope: (fiveThousand - thousand.cpu * 1000) / 4000,
      longFloorSlope: (floor5000 - floor1000) / 4000,
    };
  });
  const { floor100, slope } = measured;
  return [
    row('chain of 100, second process on', 'ms CPU', measured.second, { floor: floor100, goal: { of: 'ratio', most: 4 } }),
    row('chain of 100, first process', 'ms CPU', measured.first, { floor: floor100 }),
    row('chain of 100 by mortise run, second process on', 'ms CPU', measured.command, { floor: floor100, goal: { of: 'ratio', most: 4 } }),
    row('a step, chain of 100 to 1,000', 'ms CPU/step', slope, { floor: measured.floorSlope, goal: { of: 'median', most: 0.6 } }),
    row('a step, chain of 1,000 to 5,000', 'ms CPU/step', measured.longSlope, { floor: measured.longFloorSlope }),
    row('the same, against 100 to 1,000', 'ms CPU/step', measured.longSlope, { floor: slope, goal: { of: 'ratio', most: 1.3 } }),
    row('chain of 100 from the cache, against uncached', 'ms wall', measured.cached, {
      floor: measured.wall100,
      goal: { of: 'ratio', most: 0.5 },
    }),
    row('chain of 1,000 from the cache, against uncached', 'ms wall', measured.cached1000, { floor: measured.wall1000 }),
  ];
}
