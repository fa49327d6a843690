import { medians } from './rounds.ts';
import { row, type Row } from './row.ts';
import type { ScratchProject } from './scratch-project.ts';

/** What the command costs before it does anything, and what the lightest command with a store costs. */
export function startUp(project: ScratchProject, rounds: number): Row[] {
  project.reset();
  const ms = medians(rounds, () => ({
    node: project.node('-e', '0').cpu * 1000,
    help: project.mortise('--help').cpu * 1000,
    list: project.mortise('stack', 'list').cpu * 1000,
  }));
  return [
    row('mortise --help, against node -e 0', 'ms CPU', ms.help, { floor: ms.node, goal: { of: 'ratio', most: 2 } }),
    row('mortise stack list, against node -e 0', 'ms CPU', ms.list, { floor: ms.node, goal: { of: 'ratio', most: 3 } }),
  ];
}
