import { extname } from 'node:path';
import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads';

import { moduleUrl } from '../module-url.ts';
import type { SystemMetricsSpec } from '../pipeline/pipeline-spec.ts';
import type { Logger } from '../stack/flavor.ts';
import type { AttemptTracking } from '../tracking/run-tracking.ts';
import { withinTime } from '../tracking/within-time.ts';
import { FIRST_SAMPLE_MS, type SystemSample } from './system-metrics-sampling.ts';

/** To the thread: an attempt begins, or ends, with a last sample or without. */
export type ToSampler = { id: number; intervalMs: number } | { id: number; last: boolean };
/** From it: a sample, or, without one, that there will be no more. */
type FromSampler = { id: number; sample?: SystemSample };

/** An attempt whose machine is looked at. */
export interface SampledAttempt {
  systemMetrics: SystemMetricsSpec;
  tracking: Pick<AttemptTracking, 'append'>;
  /** Once it is aborted nobody waits for a last sample. */
  signal: AbortSignal;
  log: Logger;
}

/** How long the end of an attempt waits for its last sample, ms. It takes one, but with a GPU, whose tool is slow. */
const LAST_SAMPLE_MS = 500;
/** How long the thread stays after the last attempt, ms: starting it takes 70 ms of CPU, more than many a step. */
const IDLE_MS = 1_000;

/** The thread's code, wherever in the sources, or in the bundle, this very code has come to lie. */
const WORKER_FILE = new URL(
  `execution/system-metrics-worker${extname(moduleUrl(import.meta))}`,
  /^.*\/(?:src|dist)\//.exec(moduleUrl(import.meta))?.[0] ?? moduleUrl(import.meta),
);
/** What a child process of the thread needs: secrets are no part of it. */
const ENVIRONMENT = ['PATH', 'LD_LIBRARY_PATH', 'SystemRoot', 'WINDIR', 'COMSPEC', 'TEMP'];

/** Executes an attempt, and logs to it what the machine does meanwhile. */
export async function whileSampling<T>(attempt: SampledAttempt, execute: () => Promise<T>): Promise<T> {
  const sampled = (sampler ??= new Sampler(attempt.log)).begin(attempt);
  try {
    return await execute();
  } finally {
    await sampled.end();
  }
}

/** The one of this process, while attempts want it. */
let sampler: Sampler | undefined;

/** The thread that samples for all attempts of this process. What it has taken is picked up when the event loop turns, or when an attempt ends. */
class Sampler {
  readonly #port: MessagePort;
  readonly #attempts = new Map<number, Attempt>();
  #begun = 0;
  #failed = false;
  #idle: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (message: FromSampler) => this.#receive(message));
    port1.unref();
    startThread(port2, (error) => {
      log.debug('no system metrics: their thread failed', { reason: (error as Error).message });
      this.#failed = true;
      for (const attempt of this.#attempts.values()) attempt.ended.resolve();
    });
  }

  begin(attempt: SampledAttempt): { end(): Promise<void> } {
    clearTimeout(this.#idle);
    const id = this.#begun++;
    const logged = new Attempt(attempt);
    this.#attempts.set(id, logged);
    this.#send({ id, intervalMs: attempt.systemMetrics.intervalMs });
    return {
      end: async () => {
        const last = !this.#failed && logged.mayHaveLast();
        this.#send({ id, last });
        if (last) await withinTime(logged.ended.promise, LAST_SAMPLE_MS);
        this.#receiveAll();
        this.#attempts.delete(id);
        if (this.#attempts.size === 0) this.#idle = setTimeout(() => this.#close(), IDLE_MS).unref();
      },
    };
  }

  #send(message: ToSampler): void {
    this.#port.postMessage(message);
  }

  #receive({ id, sample }: FromSampler): void {
    if (sample === undefined) this.#attempts.get(id)?.ended.resolve();
    else this.#attempts.get(id)?.log(sample);
  }

  /** A step that never let the event loop turn has its samples all the same. */
  #receiveAll(): void {
    for (let got = receiveMessageOnPort(this.#port); got !== undefined; got = receiveMessageOnPort(this.#port))
      this.#receive(got.message as FromSampler);
  }

  /** Ends the thread, if there is one. */
  #close(): void {
    sampler = undefined;
    this.#port.close();
  }
}

/** An attempt as the thread that runs it sees it. */
class Attempt {
  readonly ended = Promise.withResolvers<void>();
  readonly #attempt: SampledAttempt;
  readonly #startedAt = performance.now();
  #failed = false;

  constructor(attempt: SampledAttempt) {
    this.#attempt = attempt;
  }

  log({ step, at, values }: SystemSample): void {
    if (this.#failed || Object.keys(values).length === 0) return;
    try {
      this.#attempt.tracking.append({ kind: 'metrics', values, step }, at);
    } catch (error) {
      // A full disk: the step itself may do without these.
      this.#failed = true;
      this.#attempt.log.warn(`system metrics are no longer logged: ${(error as Error).message}`);
    }
  }

  mayHaveLast(): boolean {
    return !this.#attempt.signal.aborted && performance.now() - this.#startedAt >= FIRST_SAMPLE_MS;
  }
}

function startThread(port: MessagePort, failed: (error: unknown) => void): void {
  try {
    const env = Object.fromEntries(ENVIRONMENT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
    // Nothing of how this process was started (loaders, inspectors) is needed there.
    const execArgv = ['--disable-warning=ExperimentalWarning'];
    const thread = new Worker(WORKER_FILE, { workerData: { port }, transferList: [port], execArgv, env });
    thread.on('error', failed);
    thread.unref();
  } catch (error) {
    failed(error);
  }
}
