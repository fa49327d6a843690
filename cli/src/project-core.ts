import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as core from '@mortise/core/client';
import { maskOutput } from './mask-output.ts';

export type Core = typeof core;

/**
 * The project's own copy of core: the one that its pipelines run with. Resolved from the project's root, or from the working directory where there is
 * no project yet; what the command brought along serves where core is not installed.
 */
export async function projectCore(): Promise<Core> {
  maskOutput();
  return (await import(pathToFileURL(corePath()).href)) as Core;
}

/** The folder of the package that `projectCore` loads. */
export function coreFolder(): string {
  return resolve(dirname(corePath()), '../..');
}

function corePath(): string {
  const name = '@mortise/core/client';
  try {
    return createRequire(join(projectRoot(), 'package.json')).resolve(name);
  } catch {
    return createRequire(import.meta.url).resolve(name);
  }
}

/** Runs an action with a client of the project, closed afterwards. */
export async function withClient<T>(action: (client: InstanceType<Core['Client']>, core: Core) => Promise<T>): Promise<T> {
  const core = await projectCore();
  const client = await core.Client.open();
  try {
    return await action(client, core);
  } finally {
    await client.close();
  }
}

/** Only as good as finding core needs; what a project is, core itself says. */
function projectRoot(): string {
  const from = resolve(process.env['MORTISE_PROJECT'] || process.cwd());
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.mortise'))) return folder;
    if (folder === dirname(folder)) return from;
  }
}
