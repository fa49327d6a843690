import { medians } from './rounds.ts';
import { row, type Row } from './row.ts';
import type { ScratchProject } from './scratch-project.ts';

const STEPS = 30;

/** Steps in child processes: what each costs once the process is warm, and whether two that compute really do so at once. */
export function isolation(project: ScratchProject, rounds: number): Row[] {
  const stepTime = (where: 'inline' | 'process') =>
    (JSON.parse(project.node('apart.js', where, String(STEPS)).output) as { msPerStep: number }).msPerStep;
  const busy = (steps: number) => (JSON.parse(project.node('busy.js', String(steps)).output) as { ms: number }).ms;
  const measured = medians(rounds, () => {
    project.reset();
    return { inline: stepTime('inline'), apart: stepTime('process'), one: busy(1), two: busy(2) };
  });
  return [
    row('a step in a warm child process, against inline', 'ms wall', measured.apart, {
      floor: measured.inline,
      goal: { of: 'excess', most: 60 },
    }),
    row('two CPU-bound steps in child processes, against one', 'ms wall', measured.two, {
      floor: measured.one,
      goal: { of: 'ratio', most: 1.4 },
    }),
  ];
}
