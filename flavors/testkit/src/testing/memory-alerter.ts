import { setTimeout as delay } from 'node:timers/promises';

import { Permanent, Transient, type Alert, type Alerter } from '@mortise/core';

import type { AlerterBackend, AlerterFault, AlerterSuite, ReceivedAlert } from '../alerter/alerter-suite.ts';

/** Where alerts arrive: what all alerters of a backend share. */
export interface AlerterWorld {
  received: ReceivedAlert[];
  fault: AlerterFault | undefined;
  closed: boolean;
}

export const SECRET = 'hook-5e7a';

/** Longer than any clause waits, and not for ever. */
const A_WHILE_MS = 10_000;

/** Remembers alerts, and keeps every clause. */
export class MemoryAlerter implements Alerter {
  readonly world: AlerterWorld;

  constructor(world: AlerterWorld) {
    this.world = world;
  }

  async send(alert: Alert, signal: AbortSignal): Promise<void> {
    await this.reach(signal);
    this.arrive(alert);
  }

  async check(signal: AbortSignal): Promise<void> {
    await this.reach(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  arrive({ title, text, ...facts }: Alert): void {
    this.world.received.push({ text: `${title}\n${text}`, ...facts });
  }

  async reach(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.world.closed) throw new Permanent('it was closed');
    if (this.world.fault === 'hang') await delay(A_WHILE_MS, undefined, { signal, ref: false });
    if (this.world.fault === 'denied') throw new Permanent('401 Unauthorized');
    if (this.world.fault !== undefined) throw new Transient('it cannot be reached');
    await delay(1, undefined, { signal });
  }
}

/** Makes the alerter under test. */
export type MakeAlerter = (world: AlerterWorld) => Alerter;

/** The suite for alerters in memory. */
export function memorySuite(make: MakeAlerter = (world) => new MemoryAlerter(world)): AlerterSuite {
  return { name: 'in memory', faults: ['down', 'denied', 'hang'], secrets: [SECRET], backend: async () => backendOf(make) };
}

function backendOf(make: MakeAlerter): AlerterBackend {
  const world: AlerterWorld = { received: [], fault: undefined, closed: false };
  return {
    create: async () => make(world),
    received: async () => world.received,
    async fail(fault) {
      world.fault = fault;
      return async () => void (world.fault = undefined);
    },
  };
}
