import { medians } from './rounds.ts';
import { row, type Row } from './row.ts';
import type { ScratchProject } from './scratch-project.ts';

/** What listing costs in a project with many flavors, some of which are gone, and many components, against one that was just made. */
export function manyComponents(project: ScratchProject, rounds: number): Row[] {
  const listed = () => project.mortise('stack', 'list').cpu * 1000;
  const measured = medians(rounds, () => {
    project.reset();
    const few = listed();
    const made = JSON.parse(project.node('many-components.js').output) as { flavors: number; broken: number; components: number };
    if (made.flavors < 30 || made.broken !== 5 || made.components !== 200) throw new Error(`made ${JSON.stringify(made)}`);
    return { few, many: listed() };
  });
  return [
    row('mortise stack list, 200 components and 30 flavors, against a new project', 'ms CPU', measured.many, {
      floor: measured.few,
      goal: { of: 'ratio', most: 1.5 },
    }),
  ];
}
