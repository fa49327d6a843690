import { describe, expect, it } from '@jest/globals';
import { schedulePlan } from '@mortise/core';

import { CollectingRunner } from '../testing/collecting-runner.ts';
import { mapMutants } from '../testing/map-mutants.ts';
import { ScheduledOrchestrator, type MakeOrchestrator, type OrchestratorWorld } from '../testing/orchestrator-mutant.ts';
import { orderMutants } from '../testing/order-mutants.ts';
import { stopMutants } from '../testing/stop-mutants.ts';
import type { OrchestratorBackend, OrchestratorSuite } from './orchestrator-suite.ts';
import { testOrchestrator } from './test-orchestrator.ts';

function backendOf(make: MakeOrchestrator): OrchestratorBackend {
  const world: OrchestratorWorld = { down: false };
  return {
    create: async () => make(world),
    async takeDown() {
      world.down = true;
      return async () => void (world.down = false);
    },
  };
}

function suiteOf(make: MakeOrchestrator = (world) => new ScheduledOrchestrator(world)): OrchestratorSuite {
  return { name: 'scheduled', takesDown: true, backend: async () => backendOf(make) };
}

testOrchestrator({ describe, it }, suiteOf());

testOrchestrator(
  { describe, it },
  {
    ...suiteOf((world) => {
      const whole = new ScheduledOrchestrator(world);
      const inOrder: typeof whole.execute = async (plan, run) => {
        await whole.check();
        await schedulePlan(plan, run, { concurrency: 1 });
      };
      return { execute: inOrder, check: () => whole.check() };
    }),
    name: 'that runs one step after another',
    sequential: true,
  },
);

const mutants = [...orderMutants, ...mapMutants, ...stopMutants];

describe('the suite for orchestrators catches one that', () => {
  it.each(mutants)('$does', async ({ caughtBy, make }) => {
    const runner = new CollectingRunner();
    testOrchestrator(runner, suiteOf(make));
    expect(await runner.failureOf(caughtBy)).toEqual(expect.any(String));
  });

  it('breaks any of its clauses: each has one', () => {
    const runner = new CollectingRunner();
    testOrchestrator(runner, suiteOf());
    const caught = new Set(mutants.map(({ caughtBy }) => caughtBy));
    expect([...runner.tests.keys()].filter((claim) => !caught.has(claim))).toEqual([]);
  });
});
