import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** How long something that is to be printed is waited for, ms. */
const PATIENCE_MS = 120_000;

/** A script of a project that runs as a process of its own. */
export interface RunningScript {
  child: ChildProcess;
  /** What it has printed, of both streams. */
  readonly text: string;
  /** Resolves when it has printed this. Throws when it ends before, or after 10 s. */
  prints(text: string): Promise<void>;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; text: string }>;
}

/** Scripts in a project's folder, run by Node without a loader. For tests; each is killed by `end`. */
export class ProjectScripts {
  readonly #root: string;
  readonly #running: ChildProcess[] = [];

  constructor(root: string) {
    this.#root = root;
  }

  write(file: string, code: string): string {
    writeFileSync(join(this.#root, file), code);
    return join(this.#root, file);
  }

  /** `before`: a program that is to start Node, with its arguments. `env`: beside this process's. `args`: of the script. */
  start(file: string, before: readonly string[] = [], env: NodeJS.ProcessEnv = {}, args: readonly string[] = []): RunningScript {
    const [program, ...first] = [...before, process.execPath];
    const child = spawn(program, [...first, '--no-warnings', join(this.#root, file), ...args], {
      cwd: this.#root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#running.push(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part: string) => (text += part));
    const ended = new Promise<Awaited<RunningScript['ended']>>((resolve) =>
      child.once('close', (code, signal) => resolve({ code, signal, text })),
    );
    return {
      child,
      ended,
      get text() {
        return text;
      },
      async prints(wanted) {
        for (const end = Date.now() + PATIENCE_MS; !text.includes(wanted);) {
          const ended = child.exitCode !== null || child.signalCode !== null;
          if (ended || Date.now() > end) throw new Error(`it ${ended ? 'ended, and' : 'runs, but'} has printed only: ${text}`);
          await delay(5);
        }
      },
    };
  }

  /** Lines of a file that scripts append to. */
  lines(file: string): string[] {
    const path = join(this.#root, file);
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
  }

  /** With all that they have started. */
  end(): void {
    for (const { pid } of this.#running.splice(0)) {
      try {
        process.kill(-pid!, 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
  }
}
