import { ImportFailed, type ImportedRun, type RunImporter, type RunImportOptions } from '@mortise/core';

import { basename } from 'node:path';
import { types } from 'node:util';

import type { LoggedRun } from '@mortise/wandb-client';

import { readRunHead, runOfLog } from './run-head.ts';
import { findRunLogs, type RunLog } from './run-logs.ts';
import { NO_PROJECT, wandbRun } from './wandb-run.ts';

/**
 * Runs that W&B's own client, or Mortise, has left on disk, offline or online: `from` is a folder with folders `offline-run-*` and `run-*`, one such
 * folder, or a `.wandb` file. Opens no socket. Throws `ImportFailed`.
 */
export default async function importer(from: string, { warn }: RunImportOptions): Promise<RunImporter> {
  const logs = await findRunLogs(from);
  return { vendor: 'wandb', runs: (signal) => runsOf(from, logs, warn, signal) };
}

async function* runsOf(
  from: string,
  logs: readonly RunLog[],
  warn: RunImportOptions['warn'],
  signal: AbortSignal,
): AsyncGenerator<ImportedRun, void> {
  const runs = new LogsByRun();
  let broken = 0;
  for (const log of logs) {
    try {
      const run = await runOfLog(log, signal);
      if (run === undefined) warn(`${log.path} is not taken over: it ends before it says of which run it is`);
      else runs.add(run, log);
    } catch (error) {
      if (signal.aborted) throw error;
      broken++;
      yield brokenRun(log, error);
    }
  }
  const { groups } = runs;
  if (groups.size + broken === 0)
    throw new ImportFailed({ from, reason: `${of(logs)} of which run it is: a program that is killed at once leaves no more` });
  for (const [id, group] of groups) {
    const head = await readRunHead(group, signal);
    if (head !== undefined) yield wandbRun(id, head, group, warn);
  }
}

/** A run of which its file's name is all that can be read. */
function brokenRun({ path }: RunLog, cause: unknown): ImportedRun {
  const id = basename(path, '.wandb').replace(/^run-/, '');
  const unreadable = types.isNativeError(cause) ? cause.message : String(cause);
  return { id, name: id, experiment: NO_PROJECT, startedAt: 0, unreadable, async *events() {} };
}

const of = ({ length }: readonly RunLog[]): string =>
  length === 1 ? 'its .wandb file does not say' : `none of its ${length} .wandb files says`;

/** A run that was resumed has several logs. Its id is one of its project's, and that is one of its owner's: runs of two owners or projects never are the same. */
class LogsByRun {
  readonly #logs: { run: LoggedRun; log: RunLog }[] = [];

  add(run: LoggedRun, log: RunLog): void {
    this.#logs.push({ run, log });
  }

  /** By id. */
  get groups(): Map<string, RunLog[]> {
    const ofProject = Map.groupBy(this.#logs, ({ run: { project, id } }) => (project === undefined ? id : `${project}/${id}`));
    const groups = new Map<string, RunLog[]>();
    for (const [id, logs] of ofProject) {
      const owners = new Set(logs.flatMap(({ run: { entity } }) => entity ?? []));
      // Offline not every program knows whose its runs will be.
      const [only] = owners.size === 1 ? owners : [];
      for (const { run, log } of logs) {
        const owner = run.entity ?? only;
        const whole = owner === undefined ? id : `${owner}/${id}`;
        groups.set(whole, [...(groups.get(whole) ?? []), log]);
      }
    }
    return groups;
  }
}
