import type { DeliveryReport, RunsDelivered, RefusedEvents, TrackerStatus } from '@mortise/core/client';
import { count } from './count.ts';
import { table } from './table.ts';

/** Most lines that are told at once of what is not asked for. */
const MOST = 20;

/** Of each run, in one line, how many events its tracker refused for good, and why. */
export function refusedLines({ component, refused }: DeliveryReport): string[] {
  const lines = refused.slice(0, MOST).map(({ run, events, reasons, why }) => {
    const others = reasons === 1 ? '' : `, and ${count(reasons - 1, 'other reason')}`;
    return `${component}: refused ${count(events, 'event')} of run "${run}" for good (${why}${others}): see "mortise tracker status ${component}"`;
  });
  const more = refused.slice(MOST);
  if (more.length === 0) return lines;
  const events = more.reduce((sum, of) => sum + of.events, 0);
  return [
    ...lines,
    `${component}: refused ${count(events, 'event')} of ${count(more.length, 'more run')}: see "mortise tracker status ${component}"`,
  ];
}

/** Of which runs a tracker does not have what it had refused, and will not be sent it. */
export function givenUpLines({ component, givenUp }: RunsDelivered): string[] {
  if (givenUp.length === 0) return [];
  const named = givenUp.slice(0, MOST).map((run) => `"${run}"`);
  const more = givenUp.length - named.length;
  const runs = [`${named.length === 1 ? 'run' : 'runs'} ${named.join(', ')}`, ...(more > 0 ? [count(more, 'more run')] : [])].join(' and ');
  return [`${component}: events that it refused of ${runs} were given up with "mortise tracker drop", and are not sent again`];
}

/** What trackers refused for good, events that are alike in one line. Undefined if there is none. */
export function refusedTable(trackers: readonly TrackerStatus[]): string | undefined {
  const groups = trackers.flatMap(({ component, refused }) => refused.map((group) => ({ component, ...group })));
  if (groups.length === 0) return undefined;
  const rows = groups.slice(0, MOST).map(({ component, run, step, attempt, events, firstSeq, why, ...what }) => {
    return [component, run, step ?? '-', String(attempt), whatText(what), events.toLocaleString('en'), String(firstSeq), why];
  });
  const text = table(['TRACKER', 'RUN', 'STEP', 'ATTEMPT', 'REFUSED', 'EVENTS', 'FIRST', 'BECAUSE'], rows);
  const events = trackers.reduce((sum, { setAside }) => sum + setAside.length, 0);
  if (events === rows.length) return text;
  const of = trackers.length === 1 ? ` ${trackers[0]!.component}` : '';
  const more = groups.length > MOST ? `and ${groups.length - MOST} more lines; ` : '';
  return `${text}\n\n${more}each of the ${count(events, 'event')}: mortise tracker status${of} --all`;
}

/** Every event that trackers refused for good. Undefined if there is none. */
export function setAsideTable(trackers: readonly TrackerStatus[]): string | undefined {
  const rows = trackers.flatMap(({ component, setAside }) =>
    setAside.map(({ run, step, attempt, seq, why, ...what }) => [
      component,
      run,
      step ?? '-',
      String(attempt),
      whatText(what),
      String(seq),
      why,
    ]),
  );
  return rows.length === 0 ? undefined : table(['TRACKER', 'RUN', 'STEP', 'ATTEMPT', 'REFUSED', 'EVENT', 'BECAUSE'], rows);
}

const WORDS = { metrics: 'metric', params: 'param', tags: 'tag', artifact: 'file', 'define-metric': 'definition of' } as const;

/** `metric loss`, `params lr, depth`. */
function whatText({ kind, names }: Pick<RefusedEvents, 'kind' | 'names'>): string {
  if (kind === null) return '-';
  const word = kind in WORDS ? WORDS[kind as keyof typeof WORDS] : kind;
  const many = names.length > 1 && ['metrics', 'params', 'tags'].includes(kind) ? `${word}s` : word;
  const shown = names.slice(0, 3).map((name) => (name.length > 40 ? `${name.slice(0, 37)}...` : name));
  return [many, [...shown, ...(names.length > 3 ? [`and ${names.length - 3} more`] : [])].join(', ')].filter(Boolean).join(' ');
}
