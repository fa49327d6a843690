import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Client } from '../client/client.ts';
import type { CrashPlace } from './crash-places.ts';
import { ProjectScripts, type RunningScript } from './project-scripts.ts';
import { temporaryProject } from './temporary-project.ts';

const BUILD = fileURLToPath(new URL('../../../scripts/build.mjs', import.meta.url));
const PLACES = fileURLToPath(new URL('crash-places.ts', import.meta.url));

/** A project whose scripts may be killed at a place (see `crash-places.ts`). For tests. */
export class CrashProject {
  readonly root: string;
  readonly scripts: ProjectScripts;
  readonly client = new Client();
  readonly #remove: () => void;

  /** On the built packages; what changed since the last build is built. `setUp` makes its active stack; by default its trackers are `default` and `filed`. */
  static async open(setUp: (project: CrashProject) => Promise<void> = withFiledTracker): Promise<CrashProject> {
    execFileSync(process.execPath, [BUILD], { stdio: ['ignore', 'ignore', 'inherit'] });
    const { project, remove } = await temporaryProject();
    const opened = new CrashProject(project.root, remove);
    try {
      await setUp(opened);
    } catch (error) {
      await opened.end();
      throw error;
    }
    return opened;
  }

  private constructor(root: string, remove: () => void) {
    this.root = root;
    this.scripts = new ProjectScripts(root);
    this.#remove = remove;
  }

  start(file: string, env: NodeJS.ProcessEnv = {}, args?: readonly string[]): RunningScript {
    return this.scripts.start(file, [], { NODE_OPTIONS: `--import=${PLACES}`, ...env }, args);
  }

  /** Runs a script to its end, which prints JSON last. */
  async json<T>(file: string, env?: NodeJS.ProcessEnv, args?: readonly string[]): Promise<T> {
    const { text } = await this.start(file, env, args).ended;
    const last = text.trimEnd().split('\n').at(-1)!;
    if (!last.startsWith('{') && !last.startsWith('[')) throw new Error(`${file} printed no JSON: ${text}`);
    return JSON.parse(last) as T;
  }

  /** Starts a script and waits until a process of it has come to the place; gives that process's id. */
  async startUntil(place: CrashPlace, file: string, env: NodeJS.ProcessEnv): Promise<RunningScript & { pid: number }> {
    const came = join(this.root, 'crash-place');
    rmSync(came, { force: true });
    const script = this.start(file, { ...env, CRASH_AT: place, CRASH_FILE: came });
    let ended = false;
    void script.ended.then(() => (ended = true));
    for (const end = Date.now() + 120_000; !existsSync(came);) {
      if (ended || Date.now() > end) throw new Error(`it never came to the place "${place}": ${script.text}`);
      await delay(5);
    }
    // Trackers are at work beside the step: it may come to what it logs only after them.
    const isBeside = env['RUN'] !== undefined && (place === 'after the open' || place.endsWith('a delivery'));
    while (isBeside && !ended && !this.scripts.lines(`calls-${env['RUN']}`).includes('logged')) await delay(5);
    return Object.assign(script, { pid: Number(readFileSync(came, 'utf8')) });
  }

  async end(): Promise<void> {
    this.scripts.end();
    await this.client.close();
    this.#remove();
  }
}

/** The local tracker, and one whose server is a folder. */
async function withFiledTracker({ client }: CrashProject): Promise<void> {
  await client.registerComponent({ type: 'experiment-tracker', name: 'filed', flavor: 'local', config: {} });
  await client.registerStack('both', { orchestrator: 'default', 'artifact-store': 'default', 'experiment-tracker': ['default', 'filed'] });
  await client.setActiveStack('both');
}
