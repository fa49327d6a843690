import { createInterface } from 'node:readline/promises';
import type { Client, DeliveryReport, RunsDelivered, TrackerStatus } from '@mortise/core/client';
import { count } from '../count.ts';
import { print, printLine, type OutputFormat } from '../print.ts';
import { withClient, type Core } from '../project-core.ts';
import { givenUpLines, refusedLines, refusedTable, setAsideTable } from '../refused-text.ts';
import { table } from '../table.ts';

/** `mortise tracker status [COMPONENT]`. */
export async function trackerStatus(component: string | undefined, { output, all = false }: StatusOptions): Promise<void> {
  await withClient(async (client) => print(await client.trackerStatus(component), output, ({ items }) => statusText(items, all)));
}

interface StatusOptions {
  output: OutputFormat;
  all?: boolean;
}

function statusText(trackers: readonly TrackerStatus[], all: boolean): string {
  const rows = trackers.map(({ component, flavor, trackerRuns, events, setAside, lastError }) => {
    return [component, flavor, ...[trackerRuns, events, setAside.length].map((n) => n.toLocaleString('en')), lastError ?? '-'];
  });
  const waiting = table(['TRACKER', 'FLAVOR', 'RUNS WAITING', 'EVENTS WAITING', 'SET ASIDE', 'LAST ERROR'], rows);
  return [waiting, all ? setAsideTable(trackers) : refusedTable(trackers)].filter((part) => part !== undefined).join('\n\n');
}

interface DeliverOptions {
  runs?: string[];
  experiment?: string;
  to?: string;
  patience?: string;
  output: OutputFormat;
}

/** `mortise tracker deliver [COMPONENT]`, and `mortise tracker deliver --runs RUN ... --to COMPONENT`. */
export async function deliver(component: string | undefined, { runs, experiment, to, patience, output }: DeliverOptions): Promise<void> {
  await withClient(async (client, core) => {
    const { BadUsage, NotDelivered } = core;
    // An empty one is a variable that is not set, and no 0.
    const seconds = patience === undefined ? undefined : patience.trim() === '' ? NaN : Number(patience);
    if (seconds !== undefined && !(seconds >= 0))
      throw new BadUsage({ what: `--patience is to be a number of seconds, not "${patience}"` });
    const limit = seconds === undefined ? {} : { patienceMs: seconds * 1000 };
    const named = runs !== undefined || experiment !== undefined;
    if (named !== (to !== undefined))
      throw new BadUsage(
        named
          ? { what: '--to is to name the experiment tracker that the runs go to' }
          : { what: '--to is for runs that are named', advice: 'Add --runs or --experiment.' },
      );
    if (named && component !== undefined)
      throw new BadUsage({ what: `"${component}" is too much: the tracker that runs go to is named by --to` });
    const reports =
      to === undefined
        ? await client.deliver({ ...limit, ...(component !== undefined && { component }) })
        : [await client.deliverRuns({ ...limit, to, runs: [...(runs ?? []), ...(await endedRunsOf(client, experiment, core))] })];
    if (output === 'table') for (const line of deliveredLines(reports, to)) printLine(line);
    else await print({ items: reports, next: null }, output, () => '');
    const left = reports
      .filter(({ left: n }) => n > 0)
      .map(({ component: name, left: n, reason, advice }) => ({ component: name, trackerRuns: n, reason: reason!, advice }));
    if (left.length > 0) throw new NotDelivered({ left });
  });
}

/** Ids, the oldest first. */
async function endedRunsOf(client: Client, experiment: string | undefined, { BadUsage }: Core): Promise<string[]> {
  const ids: string[] = [];
  if (experiment === undefined) return ids;
  for (let after: string | null | undefined; after !== null;) {
    const page = await client.listRuns({ experiment, sort: 'startedAt', limit: 1000, ...(after !== undefined && { after }) });
    ids.push(...page.items.filter(({ status }) => status !== 'running' && status !== 'queued').map(({ id }) => id));
    after = page.next;
  }
  if (ids.length === 0) throw new BadUsage({ what: `no run of the experiment "${experiment}" has ended` });
  return ids;
}

/** `mortise tracker retry [COMPONENT]`. */
export async function retry(component: string | undefined): Promise<void> {
  await withClient(async (client, { NotDelivered }) => {
    const before = setAsideIn((await client.trackerStatus(component)).items);
    const reports = before === 0 ? [] : await client.retrySetAside(component === undefined ? {} : { component });
    const after = setAsideIn((await client.trackerStatus(component)).items);
    printLine(
      before === 0 ? 'nothing is set aside' : `sent ${count(before, 'event')} again: ${before - after} taken, ${after} still set aside`,
    );
    const failed = reports.filter(({ reason }) => reason !== null);
    if (failed.length > 0)
      throw new NotDelivered({
        left: failed.map(({ component: name, left, reason, advice }) => ({ component: name, trackerRuns: left, reason: reason!, advice })),
      });
  });
}

/** `mortise tracker drop [COMPONENT]`. */
export async function drop(component: string | undefined, { run, yes = false }: { run?: string; yes?: boolean }): Promise<void> {
  await withClient(async (client, { BadUsage }) => {
    const { items } = await client.trackerStatus(component);
    const waiting = items.reduce((sum, { trackerRuns }) => sum + trackerRuns, 0);
    const events = setAsideIn(items);
    const what = `${count(waiting, 'tracker run')} and ${count(events, 'set-aside event')}${run === undefined ? '' : `, as far as they are of run "${run}"`}`;
    if (waiting + events === 0) return printLine('nothing is waiting');
    if (!yes && !process.stdin.isTTY) throw new BadUsage({ what: `this gives up ${what}`, advice: 'Add --yes if that is meant.' });
    if (!yes && !(await agrees(`give up ${what}? [y/N] `))) return;
    const dropped = await client.dropUndelivered({ ...(component !== undefined && { component }), ...(run !== undefined && { run }) });
    printLine(`gave up ${count(dropped.trackerRuns, 'tracker run')} and ${count(dropped.events, 'set-aside event')}`);
  });
}

async function agrees(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}

function deliveredLines(reports: readonly (DeliveryReport | RunsDelivered)[], to: string | undefined): string[] {
  if (reports.length === 0) return ['nothing is waiting'];
  return reports.flatMap((report) => {
    const { component, delivered, left } = report;
    const givenUp = 'givenUp' in report ? givenUpLines(report) : [];
    const there = to !== undefined && left === 0 && givenUp.length === 0 ? [`${component}: has them all already`] : [];
    const sent = delivered > 0 ? [`${component}: delivered ${count(delivered, 'tracker run')}`] : there;
    return [...sent, ...refusedLines(report), ...givenUp];
  });
}

const setAsideIn = (trackers: readonly TrackerStatus[]): number => trackers.reduce((sum, { setAside }) => sum + setAside.length, 0);
