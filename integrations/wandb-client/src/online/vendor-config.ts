import { randomUUID } from 'node:crypto';
import { arch, cpus, platform, release } from 'node:os';

import { escapedName, plainName } from '../metric-name.ts';
import type { MetricDefinition, MetricSummary, RunStart } from '../run-records.ts';

/** The vendor's client whose protocol is spoken here: servers tell by it what a client can. */
export const CLIENT_VERSION = '0.31.0';

/** What the vendor keeps about a run in its config, under `_wandb`. Without `t` nobody can resume the run. */
export interface VendorConfig {
  cli_version?: string;
  t?: Record<string, unknown>;
  m?: unknown[];
  e?: Record<string, unknown>;
  [name: string]: unknown;
}

/** Of a run that begins here. `t` is by field numbers of the vendor's telemetry message: 5 the client's version, 13 the platform. */
export function newVendorConfig({ host, program, startedAt }: RunStart): VendorConfig {
  const writerId = randomUUID();
  const environment = { os: `${platform()}-${release()}-${arch()}`, startedAt: new Date(startedAt).toISOString(), host, program, writerId };
  const cpu = { cpu_count: cpus().length, cpu_count_logical: cpus().length };
  return {
    cli_version: CLIENT_VERSION,
    t: { '5': CLIENT_VERSION, '13': `${platform()}-${arch() === 'x64' ? 'x86_64' : arch()}` },
    m: [],
    e: { [writerId]: { ...environment, ...cpu } },
  };
}

const SUMMARIES: Record<MetricSummary, number> = { min: 1, max: 2, mean: 3, last: 5, none: 6, first: 8 };

/** Definitions by field numbers of the vendor's message for them; a step metric is named by its place in the list, from 1. */
export function vendorMetrics(definitions: readonly MetricDefinition[]): unknown[] {
  const names = [...new Set(definitions.flatMap(({ name, stepMetric }) => [name, ...(stepMetric === undefined ? [] : [stepMetric])]))];
  return names.map((name) => {
    const definition = definitions.find((one) => one.name === name);
    const { summary = [], stepMetric, goal } = definition ?? {};
    return {
      [name.endsWith('*') ? '2' : '1']: escapedName(name),
      ...(stepMetric !== undefined && { '5': names.indexOf(stepMetric) + 1 }),
      '6': definition === undefined ? [] : optionsOf(definition),
      '7': summary.map((kind) => SUMMARIES[kind]),
      ...(goal !== undefined && { '8': goal === 'minimize' ? 1 : 2 }),
    };
  });
}

/** 1: the step metric is filled in, 2: hidden, 3: defined by a person. */
function optionsOf({ name, stepMetric, hidden }: MetricDefinition): number[] {
  return [...(stepMetric === undefined ? [] : [1]), ...(hidden === true ? [2] : []), ...(name.endsWith('*') ? [] : [3])];
}

/** What `vendorMetrics` wrote, also of another client. */
export function readVendorMetrics(listed: unknown): MetricDefinition[] {
  if (!Array.isArray(listed)) return [];
  const items = listed as Record<string, unknown>[];
  const nameOf = (item: Record<string, unknown> | undefined): unknown => {
    const name = item?.['1'] ?? item?.['2'];
    return typeof name === 'string' ? plainName(name) : name;
  };
  const kinds = Object.entries(SUMMARIES) as [MetricSummary, number][];
  return items.flatMap((item) => {
    const name = nameOf(item);
    // What has no options is there as the step of another one.
    if (typeof name !== 'string' || (item['6'] as unknown[] | undefined)?.length === 0) return [];
    const stepMetric = typeof item['5'] === 'number' ? nameOf(items[item['5'] - 1]) : undefined;
    const summary = Array.isArray(item['7'])
      ? kinds.filter(([, number]) => (item['7'] as unknown[]).includes(number)).map(([kind]) => kind)
      : [];
    return [
      {
        name,
        ...(summary.length > 0 && { summary }),
        ...(typeof stepMetric === 'string' && { stepMetric }),
        ...(item['8'] === 1 && { goal: 'minimize' as const }),
        ...(item['8'] === 2 && { goal: 'maximize' as const }),
        ...(Array.isArray(item['6']) && item['6'].includes(2) && { hidden: true }),
      },
    ];
  });
}
