import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { Client } from '../client/client.ts';
import type { ImportReport, ImportRunsOptions } from '../import/import-runs.ts';
import { LEDGER_TRACKER, SAGE_IMPORTER, type LedgerRun, type SageRun } from './sage.ts';
import { temporaryProject } from './temporary-project.ts';

/** A project with an importer from Sage, and a tracker flavor `ledger`. */
export class SageProject {
  readonly root: string;
  readonly client: Client;
  readonly #remove: () => void;

  static async make(): Promise<SageProject> {
    const { project, remove } = await temporaryProject();
    writeFileSync(join(project.root, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(project.root, 'sage.mjs'), SAGE_IMPORTER);
    writeFileSync(join(project.root, 'ledger.mjs'), LEDGER_TRACKER);
    return new SageProject(project.root, remove);
  }

  private constructor(root: string, remove: () => void) {
    this.root = root;
    this.client = new Client({ project: root });
    this.#remove = remove;
  }

  /** Registers an experiment tracker whose ledger is the folder of its name. */
  async ledger(name: string, config: { output?: boolean; key?: string; step?: 'integer' } = {}): Promise<void> {
    const flavors = await this.client.listFlavors('experiment-tracker');
    if (!flavors.items.some((flavor) => flavor.name === 'ledger'))
      await this.client.registerFlavor({ type: 'experiment-tracker', source: './ledger.mjs' });
    await this.client.registerComponent({ type: 'experiment-tracker', name, flavor: 'ledger', config: { folder: name, ...config } });
  }

  /** Whether a ledger takes anything. */
  setLedger(name: string, state: 'open' | 'closed'): void {
    const file = join(this.root, name, 'down');
    mkdirSync(dirname(file), { recursive: true });
    if (state === 'open') rmSync(file, { force: true });
    else writeFileSync(file, '');
  }

  /** What Sage has kept. */
  keep(runs: readonly SageRun[]): string {
    const file = join(this.root, 'kept.json');
    writeFileSync(file, JSON.stringify(runs));
    return file;
  }

  async import(runs: readonly SageRun[], options: Partial<ImportRunsOptions> = {}): Promise<ImportReport> {
    return this.client.importRuns({ vendor: './sage.mjs', from: this.keep(runs), ...options });
  }

  /** What a ledger holds. */
  ledgerOf(name: string): Map<string, LedgerRun> {
    return ledgerIn(join(this.root, name));
  }

  async end(): Promise<void> {
    await this.client.close();
    this.#remove();
  }
}

/** By name and step, `run 1`, `run 1 > imported`, `run 1 > each[2]`, `run 1 > train (2)` for its second attempt. */
export function ledgerIn(folder: string): Map<string, LedgerRun> {
  const runs = new Map<string, LedgerRun>();
  for (const file of existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.jsonl')) : []) {
    const run = ledgerRun(readFileSync(join(folder, file), 'utf8'));
    // Its file is made, and nothing written yet.
    if (run.identity === undefined) continue;
    const { stepId, mapIndex, attempt } = run.identity;
    const step = `${stepId}${mapIndex === undefined ? '' : `[${mapIndex}]`}${attempt > 1 ? ` (${attempt})` : ''}`;
    runs.set(stepId === undefined ? run.start.name : `${run.start.group} > ${step}`, run);
  }
  return runs;
}

function ledgerRun(text: string): LedgerRun {
  const run = { opens: 0, events: [], files: {}, closes: [] } as unknown as LedgerRun;
  for (const line of text.split('\n').filter(Boolean)) {
    const entry = JSON.parse(line) as {
      open?: Pick<LedgerRun, 'identity' | 'start'>;
      event?: LedgerRun['events'][number];
      file?: { path: string; text: string };
      close?: LedgerRun['closes'][number];
    };
    if (entry.open !== undefined) Object.assign(run, entry.open, { opens: run.opens + 1 });
    if (entry.event !== undefined) run.events.push(entry.event);
    if (entry.file !== undefined) run.files[entry.file.path] = entry.file.text;
    if (entry.close !== undefined) run.closes.push(entry.close);
  }
  return run;
}
