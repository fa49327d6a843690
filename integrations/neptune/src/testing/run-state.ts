import { createHash } from 'node:crypto';

import type { TrackerState } from '@mortise/flavor-testkit';
import type { Json, Outcome } from '@mortise/core';

import { LOGS, memberTag } from '../experiment-tracker/run-paths.ts';
import type { FieldValue } from '../wire/snapshot.ts';
import type { RunAtNeptune } from './run-at-neptune.ts';

/** What a run at Neptune says of itself. `bytesOf` gives the file of a storage path. */
export function runState(run: RunAtNeptune, bytesOf: (path: string) => Uint8Array | undefined): TrackerState {
  /** Empty text says nothing. */
  const text = (path: string): string | undefined => run.text(path) || undefined;
  const below = (prefix: string): [name: string, field: FieldValue][] =>
    Array.from(run.fields).flatMap(([path, field]): [string, FieldValue][] =>
      path.startsWith(prefix) ? [[path.slice(prefix.length), field]] : [],
    );
  const endedAt = run.fields.get('mortise/ended_at');
  const [name, error, note, group] = [
    text('sys/name'),
    text('error/message'),
    text('note'),
    [...(run.sets.get('sys/group_tags') ?? [])][0],
  ];
  return {
    status: (text('status') ?? 'running') as 'running' | Outcome['status'],
    ...(error !== undefined && { error }),
    ...(name !== undefined && { name }),
    ...(group !== undefined && { group }),
    ...(note !== undefined && { note }),
    ...(endedAt?.kind === 'timestamp' && { endedAt: endedAt.value }),
    tags: Object.fromEntries([...(run.sets.get('sys/tags') ?? [])].map(memberTag)),
    params: Object.fromEntries(below('params/').map(([path, field]) => [path, field.value as Json])),
    metrics: Array.from(run.series).flatMap(([path, points]) =>
      path.startsWith('metrics/')
        ? points.map(({ step, value }) => ({ name: path.slice('metrics/'.length), step, value: Number(value.value) }))
        : [],
    ),
    artifacts: Object.fromEntries(below('artifacts/').map(([path, field]) => [path, fileFacts(field, bytesOf)])),
    documents: below('documents/').map(([path]) => path),
    datasets: datasetNames(below('datasets/')),
    logs: (['out', 'err'] as const).flatMap((stream) =>
      (run.series.get(LOGS[stream]) ?? []).flatMap(({ value }) => (value.kind === 'string' ? [{ text: value.value, stream }] : [])),
    ),
    links: { by: text('mortise/superseded_by') ?? null, from: text('mortise/cached_from') ?? null },
  };
}

function datasetNames(fields: readonly [string, FieldValue][]): string[] {
  return fields.flatMap(([path, field]) => (path.endsWith('/name') && field.kind === 'string' ? [field.value] : []));
}

function fileFacts(field: FieldValue, bytesOf: (path: string) => Uint8Array | undefined): { sha256?: string; size?: number } {
  const bytes = field.kind === 'file' ? bytesOf(field.value.path) : undefined;
  return bytes === undefined ? {} : { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
}
