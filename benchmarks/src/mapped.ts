import { medians } from './rounds.ts';
import { row, type Row } from './row.ts';
import type { ScratchProject } from './scratch-project.ts';

/** Two steps mapped over a list, the second one over what the items of the first gave: an item must cost no more when there are many. */
export function mapped(project: ScratchProject, rounds: number): Row[] {
  const run = (items: number) => project.node('run-mapped.js', String(items)).cpu * 1000;
  const measured = medians(rounds, () => {
    project.reset();
    run(100);
    const [few, more, many] = [run(100), run(1000), run(5000)];
    return { slope: (more - few) / 1800, longSlope: (many - more) / 8000 };
  });
  return [
    row('an item, mapped over 100 to 1,000', 'ms CPU/step', measured.slope),
    row('an item, mapped over 1,000 to 5,000, against that', 'ms CPU/step', measured.longSlope, {
      floor: measured.slope,
      goal: { of: 'ratio', most: 1.3 },
    }),
  ];
}
