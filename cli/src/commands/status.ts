import type { ProjectStatus } from '@mortise/core/client';
import { paintStatus, print, type OutputFormat } from '../print.ts';
import { withClient } from '../project-core.ts';
import { facts } from '../table.ts';

export async function status({ output }: { output: OutputFormat }): Promise<void> {
  await withClient(async (client) => print(await client.status(), output, statusText));
}

function statusText({ root, store, activeStack, lastRun, undelivered }: ProjectStatus): string {
  const components = activeStack?.components.map(({ type, name, flavor }) => [`  ${type}`, `${name} (${flavor})`] as const) ?? [];
  return facts([
    ['project', root],
    ['store', store],
    ['active stack', activeStack?.name ?? `none: ${whyNone()}`],
    ...components,
    ['last run', lastRun === null ? 'none yet' : `${lastRun.name}  ${paintStatus(lastRun.status)}  ${lastRun.startedAt}`],
    ['undelivered', undelivered.total === 0 ? 'nothing' : `${undelivered.total} tracker ${undelivered.total === 1 ? 'run' : 'runs'}`],
    ...undelivered.components.map(({ component, trackerRuns }) => [`  ${component}`, String(trackerRuns)] as const),
  ]);
}

function whyNone(): string {
  const { MORTISE_ACTIVE_STACK: forced } = process.env;
  return forced
    ? `the variable MORTISE_ACTIVE_STACK names "${forced}", and there is no such stack`
    : '"mortise stack set NAME" chooses one';
}
