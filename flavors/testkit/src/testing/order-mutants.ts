import { setTimeout as delay } from 'node:timers/promises';

import { schedulePlan, type InputSpec, type OrchestratedRun, type StepSpec } from '@mortise/core';

import { executes, reads, seen, sees, type OrchestratorMutant } from './orchestrator-mutant.ts';

const WAITS = 'a step begins when all that it waits for has ended: wires, lists, choices, conditions and "after"';
const AT_ONCE = 'steps that do not wait for each other run at once, and so do items';

/** Steps without the inputs of a kind. */
const without = (kind: string): ReturnType<typeof reads> =>
  reads((step) => ({ ...step, inputs: Object.fromEntries(Object.entries(step.inputs).filter(([, input]) => !(kind in input))) }));

const sourceOf = (input: InputSpec): string | undefined => ('from' in input ? input.from : undefined);

/** Orchestrators that run the wrong steps, or at the wrong time. */
export const orderMutants: OrchestratorMutant[] = [
  { does: 'runs all steps at once', caughtBy: WAITS, make: reads((step) => ({ ...step, inputs: {}, after: [], when: [] })) },
  { does: 'overlooks wires in lists', caughtBy: WAITS, make: without('list') },
  { does: 'overlooks choices', caughtBy: WAITS, make: without('when') },
  { does: 'overlooks "after"', caughtBy: WAITS, make: reads((step) => ({ ...step, after: [] })) },
  { does: 'overlooks conditions', caughtBy: WAITS, make: reads((step) => ({ ...step, when: [] })) },
  {
    does: 'leaves the last step out',
    caughtBy: WAITS,
    make: executes((plan, run, whole) => whole.execute({ ...plan, steps: plan.steps.slice(0, -1) }, run)),
  },
  {
    does: 'runs a step again that it has run',
    caughtBy: 'what a cached or a skipped step lets through runs',
    make: sees((run) => ({
      runStep: async (...step) => {
        const status = await run.runStep(...step);
        return status === 'skipped' ? run.runStep(...step) : status;
      },
    })),
  },
  {
    does: 'runs nothing below a skipped step',
    caughtBy: 'what a cached or a skipped step lets through runs',
    make: sees((run) => ({
      runStep: async (...step) => {
        const status = await run.runStep(...step);
        return status === 'skipped' ? 'failed' : status;
      },
    })),
  },
  {
    does: 'gives up after fifty steps',
    caughtBy: 'a long row of steps runs, and many beside each other',
    make: executes((plan, run, whole) => whole.execute({ ...plan, steps: plan.steps.slice(0, 50) }, run)),
  },
  {
    does: 'waits for ever for the first step of a plan without steps',
    caughtBy: 'a plan without steps is done',
    make: executes((plan, run, whole) => (plan.steps.length === 0 ? new Promise(() => undefined) : whole.execute(plan, run))),
  },
  {
    does: 'ticks off in the plan what it has run',
    caughtBy: 'the plan stays as it is',
    make: executes((plan, run, whole) =>
      whole.execute(
        plan,
        seen(run, {
          runStep: async (id, index) => {
            const status = await run.runStep(id, index);
            plan.steps = plan.steps.filter((step) => step.id !== id);
            return status;
          },
        }),
      ),
    ),
  },
  {
    does: 'has all runs of a place do the steps of the last',
    caughtBy: 'two runs at once each run their own steps',
    make: (world) => {
      const shared = world as typeof world & { run?: OrchestratedRun };
      return {
        execute: async (plan, run) => {
          shared.run = run;
          await delay(5);
          await schedulePlan(plan, shared.run, { concurrency: 4 });
        },
      };
    },
  },
  ...[1, 2, 3].map((limit): OrchestratorMutant => ({
    does: `runs one more at once than the ${limit} that are asked for`,
    caughtBy: `at most ${limit} at once run when the run asks for that, items included`,
    make: executes((plan, run) => schedulePlan(plan, run, { concurrency: (run.concurrency ?? 16) + 1 })),
  })),
  {
    does: 'counts the items of a step as one',
    caughtBy: 'at most 1 at once run when the run asks for that, items included',
    make: sees((run) => ({
      mapLength: async () => undefined,
      runStep: async (id, index) => {
        const length = await run.mapLength(id);
        if (length === undefined) return run.runStep(id, index);
        await Promise.all(Array.from({ length }, (_, item) => run.runStep(id, item)));
        return 'completed';
      },
    })),
  },
  {
    does: 'runs one step after another',
    caughtBy: AT_ONCE,
    make: executes((plan, run) => schedulePlan(plan, run, { concurrency: 1 })),
  },
  {
    does: 'runs one item after another',
    caughtBy: AT_ONCE,
    make: sees((run) => {
      let last: Promise<unknown> = Promise.resolve();
      return {
        runStep: (id, index) => {
          if (index === undefined) return run.runStep(id);
          const turn = last.then(() => run.runStep(id, index));
          last = turn;
          return turn;
        },
      };
    }),
  },
  {
    does: 'runs the steps in waves',
    caughtBy: 'a step waits for nothing but what it takes from',
    make: executes((plan, run, whole) => {
      const waves = new Map<string, number>();
      const waveOf = (step: StepSpec): number => {
        const sources = Object.values(step.inputs).flatMap((input) => waves.get(sourceOf(input) ?? '') ?? []);
        return sources.length === 0 ? 0 : Math.max(...sources) + 1;
      };
      for (const step of plan.steps) waves.set(step.id, waveOf(step));
      const before = (wave: number): string[] => [...waves].flatMap(([id, at]) => (at < wave ? [id] : []));
      return whole.execute({ ...plan, steps: plan.steps.map((step) => ({ ...step, after: before(waves.get(step.id)!) })) }, run);
    }),
  },
];
