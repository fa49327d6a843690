import { setTimeout as delay } from 'node:timers/promises';

import type { ExecutionMode, OrchestratedRun, StepStatus } from '@mortise/core';

/** Longer than any clause waits, ms: for steps that only an abort ends. */
const FOR_EVER_MS = 60_000;

export interface FakeRunOptions {
  mode?: ExecutionMode;
  concurrency?: number;
  /** How steps and items end that do not complete, as `each[2]`. */
  outcomes?: Record<string, StepStatus>;
  /** Items of mapped steps. */
  lengths?: Record<string, number>;
  /** How long steps and items take, ms, as `each[2]`. Default 2; `until abort`: until they are aborted. */
  takes?: Record<string, number | 'until abort'>;
  /** Called when a step or an item has begun, and waited for. */
  onStart?: (label: string) => void | Promise<void>;
  /** What running this step throws: no failure of the step, but of Mortise. */
  breaks?: Record<string, Error>;
}

/** A run of a plan whose steps do nothing but take a while, and that writes down what it is asked. */
export class FakeRun implements OrchestratedRun {
  readonly executionMode: ExecutionMode;
  readonly concurrency: number | undefined;
  /** Every call in order: `start each[2]`, `end each[2]`, `length each`, `abort`, `stop`. */
  readonly calls: string[] = [];
  /** What runs now. */
  readonly running = new Set<string>();
  /** Most at once. */
  most = 0;
  readonly #stop = new AbortController();
  readonly #abortion = new AbortController();
  readonly #options: FakeRunOptions;

  constructor(options: FakeRunOptions = {}) {
    this.#options = options;
    this.executionMode = options.mode ?? 'stop-on-failure';
    this.concurrency = options.concurrency;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** What began, in that order. */
  get started(): string[] {
    return this.calls.flatMap((call) => (call.startsWith('start ') ? [call.slice('start '.length)] : []));
  }

  /** The run is to stop: as core does it, the steps that run are aborted too. */
  stop(): void {
    this.calls.push('stop');
    this.#stop.abort(new Error('stopped'));
    this.#abortion.abort();
  }

  settings = async (_stepId: string): Promise<unknown> => ({});

  abortRunning = (_reason: string): void => {
    this.calls.push('abort');
    // As in core, where the signal is aborted by it.
    this.stop();
  };

  mapLength = async (stepId: string): Promise<number | undefined> => {
    this.calls.push(`length ${stepId}`);
    await delay(1);
    return this.#options.lengths?.[stepId];
  };

  runStep = async (stepId: string, mapIndex?: number): Promise<StepStatus> => {
    const label = mapIndex === undefined ? stepId : `${stepId}[${mapIndex}]`;
    const { breaks = {}, outcomes = {}, onStart } = this.#options;
    this.calls.push(`start ${label}`);
    if (breaks[stepId] !== undefined) throw breaks[stepId];
    this.running.add(label);
    this.most = Math.max(this.most, this.running.size);
    try {
      await onStart?.(label);
      return (await this.#work(label)) ? (outcomes[label] ?? 'completed') : 'killed';
    } finally {
      this.running.delete(label);
      this.calls.push(`end ${label}`);
    }
  };

  /** Whether the step came to its end. */
  async #work(label: string): Promise<boolean> {
    const takes = this.#options.takes?.[label] ?? 2;
    if (takes !== 'until abort') await delay(takes);
    else await delay(FOR_EVER_MS, undefined, { signal: this.#abortion.signal, ref: false }).catch(() => undefined);
    return takes !== 'until abort';
  }
}
