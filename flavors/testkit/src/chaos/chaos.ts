import { setTimeout as delay } from 'node:timers/promises';

import {
  Permanent,
  Transient,
  type ExperimentTracker,
  type TrackerCapabilities,
  type TrackerEvent,
  type TrackerRun,
  type TrackerRunIdentity,
  type TrackerRunRef,
  type TrackerRunStart,
} from '@mortise/core';

import { scheduleOf, type ChaosAct, type ChaosMethod, type ChaosPlan } from './chaos-plan.ts';

export interface ChaosOptions {
  /** How long `time-out` keeps a call waiting, ms. Default 1,000. */
  timeoutMs?: number;
  /** How long `delay` holds an answer back if no other call is made, ms. Default 20. */
  delayMs?: number;
  /** Ends the process. Default: a SIGKILL to itself. If it returns, the call that died never ends, unless by its signal. */
  die?: () => void;
}

/** A call that was made to a tracker in chaos, and what became of it. */
export interface ChaosCall {
  method: ChaosMethod;
  /** Key of the tracker run; none for `check`. */
  key?: string;
  act: ChaosAct;
}

/** One call on its way to the tracker. */
interface Request<T> {
  method: ChaosMethod;
  key?: string;
  signal: AbortSignal;
  send: () => Promise<T>;
  /** Sends the first half of it. */
  sendHalf?: () => Promise<unknown>;
}

/**
 * A tracker as the network, the vendor and the machine can make it: it does what the given one does, except for what the plan says.
 * @example
 * chaos(new RecordingTracker(), { open: ['unavailable'], deliver: ['lose-answer', 'pass', 'cut'], close: ['die-before'] });
 * chaos(new RecordingTracker(), { seed: 7, odds: { unavailable: 0.2, 'lose-answer': 0.1, duplicate: 0.1 } });
 */
export function chaos<Native>(tracker: ExperimentTracker<Native>, plan: ChaosPlan, options: ChaosOptions = {}): ChaosTracker<Native> {
  return new ChaosTracker(tracker, plan, options);
}

export class ChaosTracker<Native> implements ExperimentTracker<Native> {
  /** Every call, in the order in which they were made. */
  readonly calls: ChaosCall[] = [];
  readonly #tracker: ExperimentTracker<Native>;
  readonly #next: (method: ChaosMethod) => ChaosAct;
  readonly #options: Required<ChaosOptions>;
  /** Answers that are held back until another one was given. */
  #held: (() => void)[] = [];

  constructor(tracker: ExperimentTracker<Native>, plan: ChaosPlan, options: ChaosOptions) {
    this.#tracker = tracker;
    this.#next = scheduleOf(plan);
    this.#options = { timeoutMs: 1_000, delayMs: 20, die: () => process.kill(process.pid, 'SIGKILL'), ...options };
  }

  get capabilities(): TrackerCapabilities {
    return this.#tracker.capabilities;
  }

  async open(
    identity: TrackerRunIdentity,
    start: TrackerRunStart,
    known: TrackerRunRef | undefined,
    signal: AbortSignal,
  ): Promise<TrackerRun<Native>> {
    const { key } = identity;
    const run = await this.#call({ method: 'open', key, signal, send: () => this.#tracker.open(identity, start, known, signal) });
    return {
      native: run.native,
      get ref() {
        return run.ref;
      },
      deliver: (events, signal, closing) => {
        const send = (part: readonly TrackerEvent[]) => () => run.deliver(part, signal, closing);
        const half = events.slice(0, Math.ceil(events.length / 2));
        return this.#call({ method: 'deliver', key, signal, send: send(events), sendHalf: send(half) });
      },
      close: (outcome, endedAt, signal, supersededBy) =>
        this.#call({ method: 'close', key, signal, send: () => run.close(outcome, endedAt, signal, supersededBy) }),
    };
  }

  async check(signal: AbortSignal): Promise<void> {
    await this.#call({ method: 'check', signal, send: async () => this.#tracker.check?.(signal) });
  }

  childEnv(ref: TrackerRunRef): Record<string, string> {
    return this.#tracker.childEnv?.(ref) ?? {};
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tracker[Symbol.asyncDispose]?.();
  }

  async #call<T>(request: Request<T>): Promise<T> {
    const { method, key, signal } = request;
    const act = this.#next(method);
    this.calls.push({ method, act, ...(key !== undefined && { key }) });
    const answer = await this.#suffer(act, request);
    if (act === 'delay') await this.#holdBack(signal);
    else for (const release of this.#held.splice(0)) release();
    return answer;
  }

  async #suffer<T>(act: ChaosAct, { method, signal, send, sendHalf }: Request<T>): Promise<T> {
    signal.throwIfAborted();
    switch (act) {
      case 'pass':
      case 'delay':
        return send();
      case 'refuse':
        throw new Permanent(`${method} was refused`);
      case 'unavailable':
        throw new Transient(`${method} could not be sent`);
      case 'time-out':
        await delay(this.#options.timeoutMs, undefined, { signal });
        throw new Transient(`${method} got no answer within ${this.#options.timeoutMs} ms`);
      case 'cut':
        await sendHalf?.();
        throw new Transient(`the connection was lost in the middle of ${method}`);
      case 'lose-answer':
        await send();
        throw new Transient(`the answer to ${method} was lost`);
      case 'duplicate':
        await send();
        return send();
      case 'die-after':
        await send();
        return this.#die(signal);
      case 'die-before':
        return this.#die(signal);
    }
  }

  /** Waits until a later call was answered. */
  async #holdBack(signal: AbortSignal): Promise<void> {
    const later = Promise.withResolvers<void>();
    this.#held.push(later.resolve);
    await Promise.race([later.promise, delay(this.#options.delayMs, undefined, { signal })]);
  }

  #die(signal: AbortSignal): Promise<never> {
    this.#options.die();
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
  }
}
