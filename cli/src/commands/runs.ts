import type { PipelineRun, RunQuery } from '@mortise/core/client';
import { firstLine } from '../first-line.ts';
import { durationBetween } from '../format-duration.ts';
import { listOptions, nextPageHint, type ListOptions } from '../list-options.ts';
import { count } from '../count.ts';
import { tagsOf } from '../name-value-options.ts';
import { paintStatus, print, printLine, type OutputFormat } from '../print.ts';
import { withClient } from '../project-core.ts';
import { failuresText, loggedTable, metricsTable, settingsTable, stepsTable, trackerTable } from '../run-tables.ts';
import { facts, table } from '../table.ts';
import { isVerbose } from '../verbose.ts';

type RunFilters = Pick<RunQuery, 'pipeline' | 'experiment' | 'status' | 'stack' | 'name' | 'sort'>;

export async function listRuns({ output, limit, after, tag, ...filters }: ListOptions & RunFilters & { tag?: string[] }): Promise<void> {
  await withClient(async (client, core) => {
    const runs = await client.listRuns({ ...filters, ...(tag && { tags: tagsOf(tag, core) }), ...listOptions({ limit, after }, core) });
    await print(runs, output, ({ items, next }) => {
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

/** `mortise runs cancel RUN`. */
export async function cancelRun(nameOrId: string): Promise<void> {
  await withClient(async (client) => {
    const { name, status, owner } = await client.cancelRun(nameOrId);
    const late = `asked to stop: process ${owner.pid} on ${owner.host} has not answered yet, and will when its main thread is free`;
    printLine(`run ${name}  ${status === 'running' ? late : paintStatus(status)}`);
  });
}

/** `mortise runs delete RUN...`. */
export async function deleteRuns(namesOrIds: readonly string[]): Promise<void> {
  await withClient(async (client) => {
    // A run is newest as long as it is there: named twice, or after another one is gone, "latest" would be a run that nobody meant.
    const once = [...new Set(namesOrIds)].sort((a, b) => Number(b === 'latest') - Number(a === 'latest'));
    for (const nameOrId of once) {
      const { name, trackers, undelivered } = await client.deleteRun(nameOrId);
      printLine(`deleted run "${name}"`);
      if (trackers.length > 0) printLine(`what its experiment trackers have of it stays there: ${trackers.join(', ')}`);
      if (undelivered > 0) printLine(`${count(undelivered, 'tracker run')} had not been delivered to the end, and will not be`);
    }
    printLine('"mortise gc" removes the artifacts that no other run uses');
  });
}

function runText(run: PipelineRun): string {
  const params = Object.entries(run.params).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const about = facts([
    ['run', run.name],
    ['id', run.id],
    ['pipeline', run.pipeline],
    ['status', paintStatus(run.status)],
    ...(run.error === null ? [] : [['error', firstLine(run.error.message)] as const]),
    ['stack', run.stack.name],
    ['params', params.join(' ') || '-'],
    ['started', run.startedAt],
    ['duration', durationBetween(run.startedAt, run.endedAt)],
    ['made by', makerText(run)],
    ...(run.git === null ? [] : [['git', gitText(run.git)] as const]),
    ...run.warnings.map((warning) => ['warning', warning] as const),
  ]);
  const parts = [
    about,
    stepsTable(run),
    settingsTable(run),
    metricsTable(run),
    loggedTable(run),
    trackerTable(run),
    isVerbose() ? failuresText(run) : undefined,
  ];
  return parts.filter((part) => part !== undefined).join('\n\n');
}

/** Of an imported run nobody knows where it ran; its tags say by what it was logged. */
function makerText({ user, host, node, tags }: PipelineRun): string {
  if (host !== '') return `${user === null ? '' : `${user} on `}${host}, Node ${node}`;
  return [user, tags['imported.client'] ?? tags['imported.from']].filter(Boolean).join(', ') || '-';
}

function gitText({ commit, branch, dirty }: NonNullable<PipelineRun['git']>): string {
  return `${commit.slice(0, 12)}${branch === null ? '' : ` on ${branch}`}${dirty ? ', with uncommitted changes' : ''}`;
}
