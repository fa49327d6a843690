import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { flavors } from '@mortise/flavor-local';
import { setTimeout as delay } from 'node:timers/promises';

import { Client, pipeline, schedulePlan, step, type OrchestratedRun, type Orchestrator, type PipelineSpec } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

/** What the orchestrator of this file does. It is the local one, made otherwise. */
let execute: Orchestrator['execute'];
let ran: string[] = [];
let project: Awaited<ReturnType<typeof temporaryProject>>;

beforeAll(async () => {
  project = await temporaryProject();
  const local = flavors.find(({ type }) => type === 'orchestrator')!;
  jest
    .spyOn(local, 'load')
    .mockResolvedValue({ create: async () => ({ execute: (...call: Parameters<typeof execute>) => execute(...call) }) });
});
afterAll(() => {
  jest.restoreAllMocks();
  project.remove();
});
beforeEach(() => {
  ran = [];
});

const numbers = step('numbers', { cache: false }, async () => {
  await delay(20);
  ran.push('numbers');
  return [1, 2, 3];
});
const double = step('double', { cache: false }, async ({ x }: { x: number }) => {
  ran.push(`double ${x}`);
  return 2 * x;
});
const sum = step('sum', { cache: false }, async ({ all }: { all: number[] }) => {
  ran.push('sum');
  return all.reduce((a, b) => a + b, 0);
});
const total = pipeline('total', () => sum({ all: numbers({}) }));
const mapped = pipeline('mapped', () => sum({ all: double.map({ x: numbers({}) }) }));

const runWith = (of: Pick<typeof total, 'run'>, orchestrator: (run: OrchestratedRun, plan: PipelineSpec) => unknown) => {
  execute = async (plan, run) => void (await orchestrator(run, plan));
  return of.run({});
};
const statusOfLast = async (): Promise<string> => {
  await using client = new Client();
  return (await client.listRuns({ limit: 1 })).items[0]!.status;
};

describe('a run is not told as completed by an orchestrator that', () => {
  test.each<[string, Pick<typeof total, 'run'>, (run: OrchestratedRun) => unknown, string]>([
    ['runs nothing', total, () => undefined, 'its execute() ended, and step "numbers" was not run'],
    ['leaves out a step', total, (run) => run.runStep('numbers'), 'its execute() ended, and step "sum" was not run'],
    [
      'begins a step too early',
      total,
      (run) => Promise.all([run.runStep('numbers'), run.runStep('sum')]),
      'it ran step "sum" before step "numbers" had ended',
    ],
    [
      'does not mind that it may not',
      total,
      async (run) => {
        await run.runStep('sum').catch(() => undefined);
        await run.runStep('numbers');
      },
      'it ran step "sum" before step "numbers" had ended',
    ],
    [
      'runs a step twice, the second time without waiting',
      total,
      async (run) => {
        await run.runStep('numbers');
        void run.runStep('numbers');
        await run.runStep('sum');
      },
      'it ran step "numbers" twice',
    ],
    ['runs what is no step', total, (run) => run.runStep('number'), 'it names step "number", which the plan does not have'],
    [
      'asks for the settings of what is no step',
      total,
      (run) => run.settings('number'),
      'it names step "number", which the plan does not have',
    ],
    [
      'goes on after its end',
      total,
      (run) => void run.runStep('numbers').then(() => run.runStep('sum')),
      'it ran step "sum" after its execute() had ended',
    ],
    ['runs an item of what has none', total, (run) => run.runStep('numbers', 0), 'it ran step "numbers[0]", which has no items'],
    [
      'runs a mapped step as a whole',
      mapped,
      async (run) => {
        await run.runStep('numbers');
        await run.runStep('double');
      },
      'it ran the mapped step "double" without asking for its length',
    ],
    [
      'runs an item too many',
      mapped,
      async (run) => {
        await run.runStep('numbers');
        await run.runStep('double', await run.mapLength('double'));
      },
      'it ran step "double[3]", which has 3 items to be run one by one',
    ],
    [
      'leaves out items',
      mapped,
      async (run) => {
        await run.runStep('numbers');
        await run.mapLength('double');
        await run.runStep('double', 1);
      },
      'its execute() ended, and 2 items of step "double" were not run',
    ],
  ])('%s', async (_, of, orchestrator, reason) => {
    await expect(runWith(of, orchestrator)).rejects.toMatchObject({
      code: 'ORCHESTRATOR_BROKEN',
      message: `the orchestrator flavor "local" does not do what an orchestrator is to do: ${reason}`,
    });
    expect(await statusOfLast()).toBe('failed');
    expect(new Set(ran).size).toBe(ran.length);
  });
});

test('what an orchestrator throws names its flavor', async () => {
  const orchestrator = async (run: OrchestratedRun): Promise<void> => {
    await run.runStep('numbers');
    throw new Error('the cluster is gone');
  };
  await expect(runWith(total, orchestrator)).rejects.toMatchObject({
    code: 'ORCHESTRATOR_FAILED',
    message: 'the orchestrator flavor "local" could not carry out the plan: the cluster is gone',
  });
  expect(await statusOfLast()).toBe('failed');
});

test('steps that an orchestrator began and did not wait for are waited for', async () => {
  const orchestrator = async (run: OrchestratedRun): Promise<void> => {
    await run.runStep('numbers');
    void run.runStep('sum');
  };
  expect(await runWith(total, orchestrator)).toMatchObject({ status: 'completed', result: 6 });
});

test('an orchestrator may ask for a length again', async () => {
  const orchestrator = async (run: OrchestratedRun): Promise<void> => {
    await run.runStep('numbers');
    for (let index = 0; index < (await run.mapLength('double'))!; index++) await run.runStep('double', index);
    await run.runStep('sum');
  };
  expect(await runWith(mapped, orchestrator)).toMatchObject({ status: 'completed', result: 12 });
});

test('an orchestrator may hand on the methods of its run one by one', async () => {
  const orchestrator = (run: OrchestratedRun, plan: PipelineSpec): Promise<void> => {
    const { runStep, mapLength, executionMode, signal, abortRunning, concurrency } = run;
    return schedulePlan(plan, { runStep, mapLength, executionMode, signal, abortRunning, concurrency }, { concurrency: 2 });
  };
  expect(await runWith(mapped, orchestrator)).toMatchObject({ status: 'completed', result: 12 });
});
