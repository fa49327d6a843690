import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';

import { StepProcessNotStarted } from '../../errors.ts';
import { keptSecrets } from '../../secrets/kept-secrets.ts';
import { OutputMask } from '../../secrets/output-mask.ts';
import type { AttemptTracking, FollowedWriter } from '../../tracking/run-tracking.ts';
import { withinTime } from '../../tracking/within-time.ts';
import { reasonOf } from '../outcome.ts';
import { loadedFile } from './code-origin.ts';
import { howItDied, stepProcessDied, type Death } from './describe-death.ts';
import { stepProcessEntry } from './entry.ts';
import { nodeArguments } from './node-arguments.ts';
import type { FromChild, Preparation, SentToRun, StepTask, ToChild, TrackerRunAnswer } from './protocol.ts';
import { receiveError, sendError } from './sent-error.ts';

export type OutputStream = 'stdout' | 'stderr';

export interface StepProcessOptions {
  preparation: Preparation;
  /** Most memory of its JavaScript heap, MB. */
  memoryMb: number | undefined;
  /** Its event log. */
  log: FollowedWriter;
  /** Told of an error in what a step left behind after its end. */
  onStray(step: string, error: unknown): void;
}

/** A task, and what the process of the run has to do with it. */
export interface TaskOfProcess {
  task: StepTask;
  tracking: AttemptTracking;
  /** What the step prints. */
  onOutput(stream: OutputStream, chunk: Uint8Array): void;
}

/** How long a process that was asked to stop has for it, ms. */
const GRACE_MS = 500;
/** How long the end of a process waits for the end of its output: what it started may hold that open. ms. */
const LAST_OUTPUT_MS = 250;
/** So much of the end of stderr is kept, to tell how it died. */
const TAIL = 8_192;

type Done = Extract<FromChild, { kind: 'done' }>;

interface Running extends TaskOfProcess {
  result: PromiseWithResolvers<Done>;
}

/** A child process that runs one step after the other. */
export class StepProcess {
  /** Resolves when it can run a step. Rejects with `StepNotLocated`, `StepProcessNotStarted`, or what making the artifact store threw. */
  readonly ready: Promise<void>;
  /** Resolves when it is gone, and all that it wrote has been read. */
  readonly gone: Promise<void>;
  readonly #options: StepProcessOptions;
  readonly #child: ChildProcess;
  readonly #isReady = Promise.withResolvers<void>();
  #running: Running | undefined;
  #heapLimitMb: number | undefined;
  #stderr = '';
  #usable = true;
  /** How many of the secrets that this process knows, in the order in which it came to know them. */
  #secretsTold = 0;
  #died: Death | undefined;

  /** Throws `StepProcessNotStarted`. */
  constructor(options: StepProcessOptions) {
    this.#options = options;
    this.#heapLimitMb = options.memoryMb;
    this.#child = start(options.memoryMb);
    this.ready = this.#isReady.promise;
    this.ready.catch(() => undefined);
    this.#child.on('message', (sent) => {
      const message = (sent as Partial<SentToRun> | null)?.mortise;
      if (message !== undefined) void this.#receive(message);
    });
    for (const stream of ['stdout', 'stderr'] as const) this.#child[stream]?.on('data', (chunk: Buffer) => this.#print(stream, chunk));
    this.gone = this.#watchEnd();
    this.#send(options.preparation);
  }

  /** False once it has ended or is to end. */
  get usable(): boolean {
    return this.#usable;
  }

  /** Runs a step. Rejects with what it threw there, or `StepProcessDied`; everything it logged has been taken over by then. */
  async run(job: TaskOfProcess): Promise<Done> {
    if (this.#died !== undefined) throw stepProcessDied(job.task.step.id, this.#died);
    const result = Promise.withResolvers<Done>();
    this.#running = { ...job, result };
    this.#send(job.task);
    this.#tellUrls(job);
    return result.promise;
  }

  /**
   * Tells the step that runs to stop, and ends the process: at its answer, but soon in any case. Resolves with that: by then everything that it logged has
   * been taken over, also what it logged before it heard of this.
   */
  async stop(reason: unknown): Promise<void> {
    const running = this.#running;
    if (running === undefined || !this.#usable) return;
    this.#usable = false;
    this.#send({ kind: 'abort', id: running.task.id, reason: sendError(reason) });
    setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS).unref();
    await Promise.allSettled([running.result.promise]);
  }

  /** Lets it end by itself, but not wait long for that. */
  async end(): Promise<void> {
    if (this.#usable) this.#leave();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS);
    await this.gone;
    clearTimeout(timer);
  }

  #leave(): void {
    this.#usable = false;
    if (this.#child.connected) this.#child.disconnect();
  }

  async #receive(message: FromChild): Promise<void> {
    const running = this.#running;
    switch (message.kind) {
      case 'ready':
        this.#heapLimitMb ??= message.heapLimitMb;
        return this.#isReady.resolve();
      case 'unprepared':
        this.#leave();
        return this.#isReady.reject(receiveError(message.error));
      case 'logged':
        return this.#options.log.pull();
      case 'open':
        return this.#answerOpen(message);
      case 'stray':
        return this.#options.onStray(message.step, receiveError(message.error));
      default:
        if (running?.task.id === message.id) await this.#settle(running, message);
    }
  }

  async #settle(running: Running, answer: Extract<FromChild, { kind: 'done' | 'failed' }>): Promise<void> {
    // What the step printed is in the pipe by now: two turns of the event loop read it.
    await setImmediate();
    await setImmediate();
    await this.#options.log.pull();
    this.#running = undefined;
    if (!this.#usable) this.#leave();
    if (answer.kind === 'done') running.result.resolve(answer);
    else running.result.reject(receiveError(answer.error));
  }

  /** A URL is told as soon as it is known; a tracker that is down has none. */
  #tellUrls({ task, tracking }: TaskOfProcess): void {
    for (const run of tracking.trackerRuns)
      run.opened().then(
        ({ url }) => url !== undefined && this.#send({ kind: 'url', id: task.id, component: run.component, url }),
        () => undefined,
      );
  }

  async #answerOpen({ request, id, component }: Extract<FromChild, { kind: 'open' }>): Promise<void> {
    const running = this.#running;
    const run = running?.task.id === id ? running.tracking.trackerRuns.find((each) => each.component === component) : undefined;
    if (run === undefined) return;
    let answer: TrackerRunAnswer;
    try {
      const { env, url } = await run.opened();
      answer = { env, url };
    } catch (error) {
      answer = { error: sendError(error) };
    }
    this.#send({ kind: 'opened', request, answer });
  }

  #print(stream: OutputStream, chunk: Buffer): void {
    if (stream === 'stderr') this.#stderr = (this.#stderr + chunk.toString()).slice(-TAIL);
    if (this.#running !== undefined) this.#running.onOutput(stream, chunk);
    else process[stream].write(new OutputMask().whole(chunk));
  }

  /** With what has become secret since the last message, so that the child masks what it is told. */
  #send(message: ToChild): void {
    // A message that cannot be sent any more is answered by the end of the process.
    if (!this.#child.connected) return;
    const values = Array.from(keptSecrets().values).slice(this.#secretsTold);
    if (values.length > 0) this.#child.send({ kind: 'secrets', values } satisfies ToChild, () => undefined);
    this.#secretsTold += values.length;
    this.#child.send(message, () => undefined);
  }

  async #watchEnd(): Promise<void> {
    const child = this.#child;
    // The process's own `close` does not come when it was us who closed the channel.
    const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
    const closed = Promise.allSettled([...streams.map((stream) => once(stream, 'close')), once(child, 'disconnect')]);
    const end = await new Promise<Pick<Death, 'code' | 'signal'> | { error: Error }>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
      child.once('error', (error) => child.pid === undefined && resolve({ error }));
    });
    this.#usable = false;
    if (!('error' in end)) await withinTime(closed, LAST_OUTPUT_MS);
    // What its steps have started and left running keeps no process waiting; what that prints is shown while this one lives.
    // There are none where no process could be started.
    for (const stream of streams) (stream as Socket | undefined)?.unref();
    await this.#options.log.pull();
    const running = this.#running;
    this.#running = undefined;
    const death = { ...('error' in end ? { code: null, signal: null } : end), stderr: this.#stderr, heapLimitMb: this.#heapLimitMb };
    this.#died = death;
    if ('error' in end) return this.#isReady.reject(new StepProcessNotStarted({ reason: reasonOf(end.error) }, { cause: end.error }));
    this.#isReady.reject(new StepProcessNotStarted({ reason: `it ${howItDied(death)} before it was ready` }));
    running?.result.reject(stepProcessDied(running.task.step.id, death));
  }
}

/** A Node that loads modules as this one does, with this one's arguments, environment and folder. */
function start(memoryMb: number | undefined): ChildProcess {
  const loaded = loadedFile();
  const execArgv = [...nodeArguments(process.execArgv), ...(loaded?.execArgv ?? [])];
  if (memoryMb !== undefined) execArgv.push(`--max-old-space-size=${memoryMb}`);
  return fork(stepProcessEntry(), process.argv.slice(2), {
    execArgv,
    env: { ...process.env, ...loaded?.env },
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}
