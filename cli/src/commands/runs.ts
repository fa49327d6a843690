import type { PipelineRun, RunQuery } from '@mortise/core/client';
import { durationBetween } from '../format-duration.ts';
import { listOptions, nextPageHint, type ListOptions } from '../list-options.ts';
import { paintStatus, print, type OutputFormat } from '../print.ts';
import { withClient } from '../project-core.ts';
import { metricsTable, stepsTable, trackerTable } from '../run-tables.ts';
import { facts, table } from '../table.ts';

type RunFilters = Pick<RunQuery, 'pipeline' | 'experiment' | 'status' | 'stack' | 'name' | 'sort'>;

export async function listRuns({ output, limit, after, ...filters }: ListOptions & RunFilters): Promise<void> {
  await withClient(async (client, core) => {
    const runs = await client.listRuns({ ...filters, ...listOptions({ limit, after }, core) });
    print(runs, output, ({ items, next }) => {
      const rows = items.map((run) => [
        run.name,
        run.pipeline,
        paintStatus(run.status),
        run.stack,
        run.startedAt,
        durationBetween(run.startedAt, run.endedAt),
      ]);
      return table(['NAME', 'PIPELINE', 'STATUS', 'STACK', 'STARTED', 'DURATION'], rows) + nextPageHint(next);
    });
  });
}

export async function showRun(nameOrId: string, { output }: { output: OutputFormat }): Promise<void> {
  await withClient(async (client) => print(await client.getPipelineRun(nameOrId), output, runText));
}

function runText(run: PipelineRun): string {
  const params = Object.entries(run.params).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const about = facts([
    ['run', run.name],
    ['id', run.id],
    ['pipeline', run.pipeline],
    ['status', paintStatus(run.status)],
    ...(run.error === null ? [] : [['error', run.error.message] as const]),
    ['stack', run.stack.name],
    ['params', params.join(' ') || '-'],
    ['started', run.startedAt],
    ['duration', durationBetween(run.startedAt, run.endedAt)],
    ...(run.git === null ? [] : [['git', gitText(run.git)] as const]),
    ...run.warnings.map((warning) => ['warning', warning] as const),
  ]);
  return [about, stepsTable(run), metricsTable(run), trackerTable(run)].filter((part) => part !== undefined).join('\n\n');
}

function gitText({ commit, branch, dirty }: NonNullable<PipelineRun['git']>): string {
  return `${commit.slice(0, 12)}${branch === null ? '' : ` on ${branch}`}${dirty ? ', with uncommitted changes' : ''}`;
}
