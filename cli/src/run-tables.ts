import type { PipelineRun, RunError } from '@mortise/core/client';
import { firstLine } from './first-line.ts';
import { durationBetween } from './format-duration.ts';
import { paintStatus } from './print.ts';
import { table } from './table.ts';

/** Its steps and how each ended. */
export function stepsTable({ steps }: PipelineRun): string | undefined {
  const rows = Object.entries(steps).map(([id, step]) => [
    id,
    paintStatus(step.status),
    step.attempt > 1 ? String(step.attempt) : '',
    step.attempt === 0 ? '' : durationBetween(step.attempts.at(-1)!.startedAt, step.endedAt),
    firstLine(step.error?.message ?? ''),
  ]);
  return withoutEmptyColumns(['STEP', 'STATUS', 'ATTEMPT', 'DURATION', 'ERROR'], rows);
}

/** What was set for the components of its stack. */
export function settingsTable({ steps }: PipelineRun): string | undefined {
  const rows = Object.entries(steps).flatMap(([id, { settings }]) =>
    Object.entries(settings).map(([component, values]) => [id, component, settingsText(values)]),
  );
  return withoutEmptyColumns(['STEP', 'COMPONENT', 'SETTINGS'], rows);
}

const MOST_PARAMS = 20;

function paramsText(params: object): string {
  const entries = Object.entries(params);
  const more = entries.length - MOST_PARAMS;
  return settingsText(Object.fromEntries(entries.slice(0, MOST_PARAMS))) + (more > 0 ? ` and ${more} more` : '');
}

const settingsText = (values: object): string =>
  Object.entries(values)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');

/** Metrics that its steps logged. */
export function metricsTable({ steps }: PipelineRun): string | undefined {
  const rows = Object.entries(steps).flatMap(([id, { tracker }]) =>
    Object.entries(tracker.metrics).map(([name, { last, min, max, count }]) => [
      id,
      name,
      ...[last, min, max].map(numberText),
      String(count),
    ]),
  );
  return withoutEmptyColumns(['STEP', 'METRIC', 'LAST', 'MIN', 'MAX', 'POINTS'], rows);
}

/** What its steps logged beside metrics: params, and by name notes, JSON, tables, figures and files. */
export function loggedTable({ steps }: PipelineRun): string | undefined {
  const rows = Object.entries(steps).flatMap(([id, { tracker }]) => [
    ...(Object.keys(tracker.params).length === 0 ? [] : [[id, 'params', paramsText(tracker.params)]]),
    ...(tracker.note === null ? [] : [[id, 'note', firstLine(tracker.note)]]),
    ...tracker.documents.map(({ name, mime }) => [id, kindOf(mime), name]),
    ...tracker.artifacts.map(({ path }) => [id, 'file', path]),
  ]);
  return withoutEmptyColumns(['STEP', 'LOGGED', 'NAME'], rows);
}

/** What `--verbose` adds: errors whole, with their stacks. */
export function failuresText({ steps, error }: PipelineRun): string | undefined {
  const failed = Object.entries(steps).flatMap(([id, step]) => (step.error === null ? [] : [{ of: `step "${id}"`, error: step.error }]));
  const known = failed.some((failure) => failure.error.stack === error?.stack);
  const all = error === null || known ? failed : [...failed, { of: 'the run', error }];
  return all.length === 0 ? undefined : all.map((failure) => `error of ${failure.of}:\n${wholeError(failure.error)}`).join('\n\n');
}

const wholeError = ({ name, message, stack }: RunError): string => stack ?? `${name}: ${message}`;

/** `application/vnd.mortise.table+json` → `table`. */
const kindOf = (mime: string): string => /^application\/(?:vnd\.\w+\.)?([\w-]+)/.exec(mime)?.[1] ?? mime;

/** What the trackers have of it, and where they show it: tracker runs of the last attempts, those of the run itself (`-`) first. */
export function trackerTable({ trackerRuns, steps }: PipelineRun): string | undefined {
  const ofSteps = Object.entries(steps).map(([id, { attempts }]) => [id, attempts.at(-1)?.trackerRuns ?? []] as const);
  const rows = [['-', trackerRuns] as const, ...ofSteps].flatMap(([id, shown]) =>
    shown.map(({ component, status, delivered, url }) => [id, component, paintStatus(status), delivered ? 'yes' : 'no', url ?? '']),
  );
  return withoutEmptyColumns(['STEP', 'TRACKER', 'STATUS', 'DELIVERED', 'TRACKER RUN'], rows);
}

function withoutEmptyColumns(header: readonly string[], rows: readonly (readonly string[])[]): string | undefined {
  if (rows.length === 0) return undefined;
  const kept = header.map((_, column) => rows.some((row) => row[column] !== ''));
  const keep = (row: readonly string[]): string[] => row.filter((_, column) => kept[column]);
  return table(keep(header), rows.map(keep));
}

const numberText = (value: number | string): string => (typeof value === 'number' ? String(Number(value.toPrecision(6))) : value);
