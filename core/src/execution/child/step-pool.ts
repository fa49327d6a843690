import { untilAborted } from '../until-stopped.ts';
import type { StepProcess } from './step-process.ts';

/** The step processes of one run: at most `size` at once, each started when it is first needed, and used again. */
export class StepPool {
  readonly #size: number;
  readonly #start: () => StepProcess;
  readonly #all = new Set<StepProcess>();
  readonly #idle: StepProcess[] = [];
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(size: number, start: () => StepProcess) {
    this.#size = size;
    this.#start = start;
  }

  /**
   * A process that is ready, once it is the caller's turn; to be given back. Undefined when `signal` is aborted first.
   * @throws as `StepProcess.ready` does
   */
  async take(signal: AbortSignal): Promise<StepProcess | undefined> {
    if (!(await this.#turn(signal))) return undefined;
    try {
      const process = this.#next();
      await untilAborted(process.ready, signal);
      return process;
    } catch (error) {
      this.#free();
      if (signal.aborted) return undefined;
      throw error;
    }
  }

  give(process: StepProcess): void {
    if (process.usable) this.#idle.push(process);
    this.#free();
  }

  /** Ends all processes. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#all, (process) => process.end()));
  }

  /** The one that was used last: what it needs is most likely still in the caches. */
  #next(): StepProcess {
    for (let process = this.#idle.pop(); process !== undefined; process = this.#idle.pop()) if (process.usable) return process;
    const started = this.#start();
    this.#all.add(started);
    void started.gone.then(() => this.#all.delete(started));
    return started;
  }

  async #turn(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#taken < this.#size) {
      this.#taken++;
      return true;
    }
    return new Promise((resolve) => {
      const go = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve(true);
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        resolve(false);
      };
      this.#waiting.push(go);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Hands the place to whoever waits longest. */
  #free(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken--;
    else next();
  }
}
