import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { temporaryBackend, type ExperimentTrackerBackend, type TrackerState } from '@mortise/flavor-testkit';
import { readTransactionLog, type ArtifactRecord } from '@mortise/wandb-client';

import { WandbTrackerConfig } from '../experiment-tracker/wandb-tracker-config.ts';
import wandb from '../index.ts';
import { stateOf, type KeptRun } from './read-run.ts';

/** Trackers that write files, and a look at what is in those. */
export async function offlineBackend(): Promise<ExperimentTrackerBackend> {
  const { create, remove } = await temporaryBackend(wandb, () => Object.assign(new WandbTrackerConfig(), { mode: 'offline' }))();
  return { create, read: ({ url }) => readOfflineRun(fileURLToPath(url!)), remove };
}

/** What the transaction log of a run and the files beside it come to. */
export async function readOfflineRun(log: string): Promise<TrackerState> {
  const kept: KeptRun = { displayName: '', group: null, notes: null, config: {}, rows: [], output: [], files: {}, exitCode: undefined };
  for await (const record of readTransactionLog(log)) {
    // What follows an end takes it back.
    kept.exitCode = record.kind === 'exit' ? record.code : undefined;
    if (record.kind === 'run') {
      const { displayName, group, notes, config } = record.run;
      Object.assign(kept, { displayName, group: group ?? null, notes: notes ?? null });
      for (const { path, value } of config) kept.config[path.join('.')] = value;
    }
    if (record.kind === 'config') for (const { path, value } of record.update) kept.config[path.join('.')] = value;
    if (record.kind === 'history') kept.rows.push(record.row);
    if (record.kind === 'output') kept.output.push({ text: record.text, stream: record.stream });
    if (record.kind === 'artifact') Object.assign(kept.files, stagedFiles(record.artifact));
  }
  Object.assign(kept.files, filesBelow(join(dirname(log), 'files')));
  return stateOf(kept);
}

function stagedFiles({ metadata, entries }: ArtifactRecord): Record<string, Uint8Array> {
  const { path } = JSON.parse(metadata ?? '{}') as { path?: string };
  return { [path ?? entries[0]!.path]: readFileSync(entries[0]!.localPath!) };
}

function filesBelow(folder: string): Record<string, Uint8Array> {
  const paths = (readdirSync(folder, { recursive: true }) as string[]).filter((path) => path !== 'output.log');
  return Object.fromEntries(
    paths.filter((path) => statSync(join(folder, path)).isFile()).map((path) => [path, readFileSync(join(folder, path))]),
  );
}
