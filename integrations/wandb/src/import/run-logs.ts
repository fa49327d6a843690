import { ImportFailed } from '@mortise/core';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { presentAt } from './present-at.ts';

/** A transaction log and the folder of its run. */
export interface RunLog {
  path: string;
  folder: string;
}

const ADVICE = 'Give the folder "wandb" of a project, or the folder or .wandb file of one of its runs.';

/**
 * The logs at `from`: a `.wandb` file, the folder of a run, or a folder with such folders in it or in its folder `wandb`, in the order of their names,
 * which begin with the time of the run's start. Throws `ImportFailed`.
 */
export async function findRunLogs(from: string): Promise<RunLog[]> {
  const path = resolve(from);
  const found = await presentAt(path);
  if (found === undefined) throw new ImportFailed({ from, reason: 'there is no such file or folder', advice: ADVICE });
  if (!found.isDirectory()) {
    if (path.endsWith('.wandb')) return [{ path, folder: dirname(path) }];
    throw new ImportFailed({ from, reason: 'it is neither a folder nor a .wandb file', advice: ADVICE });
  }
  const own = await logsIn(path);
  if (own.length > 0) return own;
  for (const folder of [path, join(path, 'wandb')]) {
    const logs = await logsOfRuns(folder);
    if (logs.length > 0) return logs;
  }
  throw new ImportFailed({
    from,
    reason: 'it has no folder offline-run-* or run-* with a .wandb file',
    advice: ADVICE,
  });
}

async function logsOfRuns(folder: string): Promise<RunLog[]> {
  const names = (await namesIn(folder)).filter((name) => RUN_FOLDER.test(name));
  const byStart = names.sort((a, b) => (startOf(a) < startOf(b) ? -1 : 1));
  return (await Promise.all(byStart.map((name) => logsIn(join(folder, name))))).flat();
}

const RUN_FOLDER = /^(?:offline-)?run-(\d{8}_\d{6}-.+)$/;
const startOf = (name: string): string => RUN_FOLDER.exec(basename(name))?.[1] ?? name;

async function logsIn(folder: string): Promise<RunLog[]> {
  return (await namesIn(folder)).filter((name) => /^run-.+\.wandb$/.test(name)).map((name) => ({ path: join(folder, name), folder }));
}

async function namesIn(folder: string): Promise<string[]> {
  const found = await presentAt(folder);
  return found?.isDirectory() ? (await readdir(folder)).sort() : [];
}
