import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { bin } from './cli-project.ts';

const driver = fileURLToPath(new URL('pseudo-terminal.py', import.meta.url));

/** Why there are no pseudo-terminals here, if there are none. */
export const noTerminals: string | undefined =
  spawnSync('python3', ['-c', 'import pty, termios, fcntl']).status === 0
    ? undefined
    : 'python3 makes pseudo-terminals, and is not installed';

export interface TerminalOptions {
  cwd: string;
  env?: Record<string, string>;
  rows?: number;
  columns?: number;
}

/** A command in a pseudo-terminal. */
export class Terminal {
  readonly #child: ChildProcess;
  /** Everything that it has shown, as it was sent. */
  shown = '';

  constructor(command: readonly string[], { cwd, env = {}, rows = 24, columns = 80 }: TerminalOptions) {
    // Where these tests run may itself be no place for colours and live lists.
    const inherited = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(MORTISE_.*|NODE_OPTIONS|CI|NO_COLOR|FORCE_COLOR)$/.test(name)),
    );
    this.#child = spawn('python3', [driver, String(rows), String(columns), ...command], {
      cwd,
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...inherited, TERM: 'xterm-256color', ...env },
    });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.shown += text;
    });
    this.#child.stdin!.on('error', () => undefined);
  }

  /** The built `mortise` in a terminal. */
  static mortise(args: readonly string[], options: TerminalOptions): Terminal {
    return new Terminal([process.execPath, bin, ...args], options);
  }

  type(text: string): void {
    this.#child.stdin!.write(text);
  }

  resize(rows: number, columns: number): void {
    this.type(`\u001b[8;${rows};${columns}t`);
  }

  /** Waits until what was shown from `from` on matches. Throws after 15 s, with what was shown instead. */
  async until(pattern: RegExp, from = 0): Promise<void> {
    for (const deadline = Date.now() + 120_000; !pattern.test(this.shown.slice(from));) {
      if (Date.now() > deadline) throw new Error(`never showed ${String(pattern)}, but ${JSON.stringify(this.shown.slice(from))}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Its exit code, once it has ended. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null) await once(this.#child, 'close');
    return this.#child.exitCode;
  }

  /** Ends it, if it has not ended. */
  close(): void {
    this.#child.kill('SIGKILL');
  }
}
