import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const guard = fileURLToPath(new URL('./guard.mjs', import.meta.url));

/** A command that ends with this process, whatever ends this process. It does not keep this process alive. */
export interface GuardedProcess {
  /** Of the command; also the id of its process group. */
  readonly pid: number;
  readonly running: boolean;
  /** Resolves with the exit code, as a shell would give it, when the command has ended. Waiting for it keeps this process alive. */
  exited(): Promise<number>;
  /** SIGKILL to the whole group; resolves when it has ended. */
  kill(): Promise<void>;
  /** As `kill`, and what `removes` names is removed. */
  end(): Promise<void>;
}

export interface GuardedOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** The file that its output is added to. Default: this process's output. */
  log?: string;
  /** A folder that goes with the command, unless the command ends by itself. */
  removes?: string;
}

/** @throws Error when the command cannot be started */
export async function startGuarded(command: string, args: readonly string[], options: GuardedOptions = {}): Promise<GuardedProcess> {
  const output = options.log === undefined ? 'inherit' : openSync(options.log, 'a');
  // Detached, because a Ctrl-C that ended the guard would leave the command alone.
  const child = spawn(process.execPath, [guard, options.removes ?? '', command, ...args], {
    stdio: ['ignore', output, output, 'ipc'],
    detached: true,
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    ...(options.env !== undefined && { env: options.env }),
  });
  if (typeof output === 'number') closeSync(output);
  const ended = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('message', (message: { pid: number }) => resolve(message.pid));
    child.once('error', reject);
    void ended.then(() => reject(new Error(`${command} could not be started`)));
  });
  child.unref();
  child.channel?.unref();

  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const exited = () => {
    child.ref();
    return ended;
  };
  return {
    pid,
    exited,
    get running() {
      return isRunning();
    },
    async kill() {
      if (!isRunning()) return;
      try {
        process.kill(-pid, 'SIGKILL');
      } catch (error) {
        // It has just ended by itself.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
      await exited();
    },
    async end() {
      if (!isRunning()) return;
      if (child.connected) child.disconnect();
      await exited();
    },
  };
}
