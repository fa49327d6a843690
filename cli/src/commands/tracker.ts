import { createInterface } from 'node:readline/promises';
import type { DeliveryReport, TrackerStatus } from '@mortise/core/client';
import { count } from '../count.ts';
import { print, printLine, type OutputFormat } from '../print.ts';
import { withClient } from '../project-core.ts';
import { table } from '../table.ts';

/** `mortise tracker status [COMPONENT]`. */
export async function trackerStatus(component: string | undefined, { output }: { output: OutputFormat }): Promise<void> {
  await withClient(async (client) => print(await client.trackerStatus(component), output, ({ items }) => statusText(items)));
}

function statusText(trackers: readonly TrackerStatus[]): string {
  const rows = trackers.map(({ component, flavor, trackerRuns, events, setAside, lastError }) => {
    return [component, flavor, String(trackerRuns), String(events), String(setAside.length), lastError ?? '-'];
  });
  const parts = [table(['TRACKER', 'FLAVOR', 'RUNS WAITING', 'EVENTS WAITING', 'SET ASIDE', 'LAST ERROR'], rows)];
  const setAside = trackers.flatMap(({ component, setAside: events }) =>
    events.map(({ run, step, attempt, seq, why }) => [component, run, step ?? '-', String(attempt), String(seq), why]),
  );
  if (setAside.length > 0) parts.push(table(['TRACKER', 'RUN', 'STEP', 'ATTEMPT', 'EVENT', 'REFUSED BECAUSE'], setAside));
  return parts.join('\n\n');
}

/** `mortise tracker deliver [COMPONENT]`. */
export async function deliver(component: string | undefined, { patience }: { patience?: string }): Promise<void> {
  await withClient(async (client, { BadUsage, NotDelivered }) => {
    const seconds = patience === undefined ? undefined : Number(patience);
    if (seconds !== undefined && !(seconds >= 0))
      throw new BadUsage({ what: `--patience is to be a number of seconds, not "${patience}"` });
    const limit = seconds === undefined ? {} : { patienceMs: seconds * 1000 };
    const reports = await client.deliver({ ...limit, ...(component !== undefined && { component }) });
    if (reports.length === 0) printLine('nothing is waiting');
    for (const report of reports) if (report.delivered > 0) printLine(deliveredText(report));
    const left = reports
      .filter(({ left: n }) => n > 0)
      .map(({ component: name, left: n, reason, advice }) => ({ component: name, trackerRuns: n, reason: reason!, advice }));
    if (left.length > 0) throw new NotDelivered({ left });
  });
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

const deliveredText = ({ component, delivered }: DeliveryReport): string => `${component}: delivered ${count(delivered, 'tracker run')}`;
const setAsideIn = (trackers: readonly TrackerStatus[]): number => trackers.reduce((sum, { setAside }) => sum + setAside.length, 0);
