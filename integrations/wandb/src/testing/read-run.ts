import { createHash } from 'node:crypto';

import type { Json } from '@mortise/core';
import type { PrintedLine, TrackerState } from '@mortise/flavor-testkit';
import type { WandbRecorder } from '@mortise/wandb-client/testing';

import { OWN_STEP } from '../experiment-tracker/gather-rows.ts';
import { STORY, type RunStory } from '../experiment-tracker/run-story.ts';

/** What a run told of itself, in whatever way it was kept. */
export interface KeptRun {
  displayName: string;
  group: string | null;
  notes: string | null;
  /** Unwrapped. */
  config: Record<string, unknown>;
  rows: Record<string, unknown>[];
  output: PrintedLine[];
  files: Record<string, Uint8Array>;
  /** 0: finished; undefined: it has not ended. */
  exitCode: number | undefined;
}

/** A run as a person sees it at the recorder. */
export function readOnlineRun(recorder: WandbRecorder, id: string): TrackerState | undefined {
  const run = recorder.run(id);
  if (run === undefined) return undefined;
  const { config, streams, complete, exitCode, files, displayName, groupName: group, notes } = run;
  const uploaded = recorder.artifacts
    .filter((artifact) => artifact.committed && artifact.run === id)
    .flatMap(({ metadata, files: kept }) =>
      Object.entries(kept).map(([path, bytes]) => [(metadata as { path: string } | null)?.path ?? path, bytes] as const),
    );
  return stateOf({
    ...{ displayName, group, notes, output: (streams['output.log'] ?? []).map(printedLine) },
    config: Object.fromEntries(Object.entries(config).map(([name, { value }]) => [name, value])),
    rows: (streams['wandb-history.jsonl'] ?? []).map(rowOf),
    files: { ...files, ...Object.fromEntries(uploaded) },
    exitCode: complete ? (exitCode ?? undefined) : undefined,
  });
}

export function stateOf({ displayName, group, notes, config, rows, output, files, exitCode }: KeptRun): TrackerState {
  const { _wandb: _vendor, [STORY]: story, ...params } = config;
  const { status, tags, error, datasets = [], ended_at: end, ...links } = story as RunStory;
  return {
    status: exitCode === undefined ? 'running' : status,
    ...(exitCode !== undefined && error !== undefined && { error: `${error.name}: ${error.message}` }),
    name: displayName,
    ...(group !== null && { group }),
    tags,
    params: params as Record<string, Json>,
    metrics: rows.flatMap(pointsOf),
    artifacts: Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, { sha256: sha256(bytes), size: bytes.length }])),
    documents: Object.keys(files).flatMap((path) => (path.endsWith('.json') ? [path.slice(0, -5)] : [])),
    datasets: datasets.map(({ name }) => name!),
    ...(notes !== null && { note: notes }),
    logs: output,
    ...(end !== undefined && { endedAt: Date.parse(end) }),
    links: links,
  };
}

/** `ERROR 2026-11-20T23:45:32.592135 text`, of stdout without the first word. */
function printedLine(line: string): PrintedLine {
  const [, error, text] = /^(ERROR )?\S+ (.*)$/s.exec(line)!;
  return { text: text!, stream: error === undefined ? 'out' : 'err' };
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** NaN and infinities stand bare in the rows of W&B. */
export function rowOf(line: string): Record<string, unknown> {
  const quoted = line.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (found) => (found.startsWith('"') ? found : `{"odd":"${found}"}`));
  return JSON.parse(quoted, (_, value: unknown) =>
    typeof value === 'object' && value !== null && 'odd' in value ? Number(value.odd) : value,
  ) as Record<string, unknown>;
}

function pointsOf(row: Record<string, unknown>): TrackerState['metrics'] {
  const step = Number(row[OWN_STEP] ?? row['_step']);
  return Object.entries(row).flatMap(([name, value]) =>
    name.startsWith('_') || name === OWN_STEP ? [] : [{ name, value: Number(value), step }],
  );
}
