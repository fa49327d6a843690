import { printLine } from '../print.ts';
import { projectCore } from '../project-core.ts';

export async function init(): Promise<void> {
  const { initProject } = await projectCore();
  const { project, created, repaired, above } = await initProject(process.cwd());
  const within = above === undefined ? '' : `; it lies within that of ${above}, which no longer serves here`;
  if (created) printLine(`made a Mortise project in ${project.root}, with the stack "default"${within}`);
  else
    printLine(
      `${project.root} is a Mortise project already${repaired.length === 0 ? '' : `; made what was missing: ${repaired.join(', ')}`}`,
    );
}
