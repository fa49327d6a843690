import { pathToFileURL } from 'node:url';

import { shellWord } from '@mortise/core';
import type { OfflineRun, OnlineRun, RunStart, RunWriter, WandbClient } from '@mortise/wandb-client';

import { markIn, type Progress, type StoredState } from './delivered.ts';
import { waitForItsEnd, type OtherWriters } from './other-writers.ts';

/** Where one run's records go, and how far they are. */
export interface RunRecords {
  readonly mode: 'online' | 'offline' | 'disabled';
  readonly id: string;
  readonly entity?: string | undefined;
  readonly project?: string | undefined;
  readonly url?: string | undefined;
  readonly ids: Record<string, string>;
  readonly writer: RunWriter;
  /** `_step` of the last row; -1 before the first one. */
  readonly lastStep: number;
  readonly state: Pick<StoredState, 'rows' | 'size'>;
  /** Writes down in the run itself how far its events came. */
  readonly marks: boolean;
  /** What the run said of that when it was opened. */
  readonly mark?: Progress | undefined;
  /** A program was told of it that writes to the same place. */
  readonly isShared: boolean;
  /** Takes in what other processes wrote; gives how far the run says that its events came. */
  refresh(signal: AbortSignal): Promise<Progress | undefined>;
  /** Forgets what waits. */
  discard(): void;
  /** This process has no more to do with the run, ended or not. */
  rest(): Promise<void>;
}

/** How long a process that lets go of a run waits for what it has told last. */
const LONGEST_REST_MS = 1_000;

/** What is known of a run when it is opened. */
export interface AboutRun {
  /** Its names, as metadata of the tracker run. */
  ids: Record<string, string>;
  /** Of the tracker run. */
  key: string;
  /** How far it says itself that its events came. */
  mark: Progress | undefined;
}

export function onlineRecords(client: WandbClient, run: OnlineRun, { ids, key, mark }: AboutRun, others: OtherWriters): RunRecords {
  const { entity, project, id } = run.place;
  const place = { wandb_run_id: id, wandb_entity: entity, wandb_project: project, wandb_run_path: `${entity}/${project}/${id}` };
  return {
    ...{ mode: 'online', id, entity, project, writer: run, marks: true, mark },
    url: client.runUrl(run.place),
    ids: { ...ids, ...place },
    get lastStep() {
      return run.lastStep;
    },
    get state() {
      return { rows: run.historyLines };
    },
    get isShared() {
      return others.isTold;
    },
    async refresh(signal) {
      if (!others.isTold && !others.mayBe) return undefined;
      const { config, summary } = await run.refresh(signal);
      waitForItsEnd(config, id, key);
      return markIn(summary, key);
    },
    discard: () => run.discard(),
    rest: () => run.rest(AbortSignal.timeout(LONGEST_REST_MS)),
  };
}

export function offlineRecords(run: OfflineRun, { id, entity, project }: RunStart, { ids, mark }: AboutRun): RunRecords {
  const place = { ...(entity !== undefined && { wandb_entity: entity }), ...(project !== undefined && { wandb_project: project }) };
  return {
    ...{ mode: 'offline', id, entity, project, writer: run, marks: true, mark },
    url: pathToFileURL(run.path).href,
    ids: { ...ids, ...place, wandb_run_id: id, wandb_sync_command: `wandb sync ${shellWord(run.folder)}` },
    get lastStep() {
      return run.lastStep;
    },
    get state() {
      return { size: run.safeSize };
    },
    isShared: false,
    refresh: () => Promise.resolve(undefined),
    discard: () => undefined,
    rest: () => run.close(),
  };
}
