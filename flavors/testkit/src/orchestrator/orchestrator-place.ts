import assert from 'node:assert/strict';

import type { Orchestrator, PipelineSpec } from '@mortise/core';

import { within } from '../within.ts';
import { FakeRun, type FakeRunOptions } from './fake-run.ts';
import type { OrchestratorBackend, OrchestratorSuite } from './orchestrator-suite.ts';

export type Clause = (claim: string, prove: (place: OrchestratorPlace) => Promise<void>) => void;

/** How long a small plan may take, ms. */
const LIMIT_MS = 5_000;

/** An orchestrator in one test. */
export class OrchestratorPlace {
  readonly orchestrator: Orchestrator;
  readonly backend: OrchestratorBackend;

  static async open(suite: OrchestratorSuite): Promise<OrchestratorPlace> {
    const backend = await suite.backend();
    return new OrchestratorPlace(backend, await backend.create());
  }

  private constructor(backend: OrchestratorBackend, orchestrator: Orchestrator) {
    this.backend = backend;
    this.orchestrator = orchestrator;
  }

  /** Has a plan executed. Fails when that rejects, takes too long, runs something twice or lets go of steps that run. */
  async execute(plan: PipelineSpec, options: FakeRunOptions = {}): Promise<FakeRun> {
    const run = new FakeRun(options);
    await this.follow(plan, run);
    return run;
  }

  async follow(plan: PipelineSpec, run: FakeRun, orchestrator = this.orchestrator): Promise<void> {
    await within(LIMIT_MS, 'the plan', orchestrator.execute(plan, run));
    assert.deepEqual([...run.running], [], 'it was done while these still ran');
    const twice = run.started.filter((label, index) => run.started.indexOf(label) !== index);
    assert.deepEqual(twice, [], 'it ran these more than once');
  }

  async end(): Promise<void> {
    try {
      await within(LIMIT_MS, 'to dispose of it', Promise.resolve(this.orchestrator[Symbol.asyncDispose]?.()));
    } finally {
      await this.backend.remove?.();
    }
  }
}

/** Fails unless exactly these steps and items began, in whatever order. */
export function assertRan({ started }: FakeRun, labels: readonly string[]): void {
  assert.deepEqual([...started].sort(), [...labels].sort());
}

/** Fails unless a step or item began only when the others had ended. */
export function assertAfter({ calls }: FakeRun, label: string, others: readonly string[]): void {
  const begun = calls.indexOf(`start ${label}`);
  assert.ok(begun >= 0, `"${label}" did not run`);
  for (const other of others) {
    const ended = calls.indexOf(`end ${other}`);
    assert.ok(ended >= 0 && ended < begun, `"${label}" began before "${other}" had ended`);
  }
}

/** The plan, and everything in it, so that nobody can change it. */
export function frozen<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) frozen(part as object);
  return Object.freeze(value);
}
