import { describe, expect, test } from '@jest/globals';

import { tracked } from '../tracking/tracked-output.ts';
import { pipeline, type Pipeline } from './pipeline.ts';
import type { InputSpec, StepSpec } from './pipeline-spec.ts';
import { step } from './step.ts';
import type { StepOutput } from './wire.ts';

interface Wine {
  rows: number[];
}
interface Model {
  weight: number;
}
const load = step('load', async (): Promise<Wine> => ({ rows: [1, 2] }));
const train = step('train', ({ data, lr }: { data: Wine; lr: number }): Model => ({ weight: data.rows.length * lr }));
const merge = step('merge', ({ models }: { models: Model[] }): Model => models[0]!);
const split = step('split', { outputs: ['train', 'test'] }, ({ data }: { data: Wine }) => ({ train: data, test: data }));
const items = step('items', () => [1, 2]);

type Runnable = Pick<Pipeline, 'compile'>;
const planOf = async (of: Runnable, params?: object) => (await of.compile(params)).spec;
const stepsOf = async (of: Runnable, params?: object) =>
  Object.fromEntries((await planOf(of, params)).steps.map((planned) => [planned.id, planned])) as Record<string, StepSpec>;
const from = (id: string, output = 'output'): InputSpec => ({ from: id, output });

describe('a plan', () => {
  const wine = pipeline('wine', { params: { lr: 0.1 } }, ({ lr }) => {
    const data = load();
    return train({ data, lr });
  });

  test('is plain JSON: the steps in the order in which they were called, wired by name', async () => {
    const { spec, steps } = await wine.compile({ lr: 0.5 });
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
    expect(spec).toEqual({
      specVersion: 1,
      pipeline: 'wine',
      style: 'function',
      module: import.meta.url,
      params: { lr: 0.5 },
      steps: [
        {
          id: 'load',
          name: 'load',
          module: import.meta.url,
          inputs: {},
          outputs: [{ name: 'output', artifact: 'wine/load/output' }],
          splitOutputs: false,
          after: [],
          when: [],
          options: {},
        },
        {
          id: 'train',
          name: 'train',
          module: import.meta.url,
          inputs: { data: { from: 'load', output: 'output' }, lr: { value: 0.5 } },
          outputs: [{ name: 'output', artifact: 'wine/train/output' }],
          splitOutputs: false,
          after: [],
          when: [],
          options: {},
        },
      ],
      result: { wire: { from: 'train', output: 'output' } },
    });
    expect([...steps.keys()]).toEqual(['load', 'train']);
    expect(steps.get('train')!.fn).toBe(train.fn);
  });

  test('is bound to the params of one run: the body runs anew for each, once', async () => {
    let bodies = 0;
    const chosen = pipeline('chosen', { params: { deep: false, lrs: [1] } }, ({ deep, lrs }) => {
      bodies++;
      const data = load();
      const models = lrs.map((lr) => train({ data, lr }));
      if (deep) merge({ models });
      lrs.push(99);
    });
    expect(Object.keys(await stepsOf(chosen, { lrs: [1, 2] }))).toEqual(['load', 'train', 'train_2']);
    expect(Object.keys(await stepsOf(chosen, { deep: true }))).toEqual(['load', 'train', 'merge']);
    expect(bodies).toBe(2);
    expect((await planOf(chosen)).params).toEqual({ deep: false, lrs: [1] });
  });

  test('numbers the calls of one step, takes given ids, and goes round what is taken', async () => {
    const ids = pipeline('ids', () => {
      const data = load();
      train({ data, lr: 1 });
      train({ data, lr: 2 }, { id: 'train_3' });
      train({ data, lr: 3 });
      train({ data, lr: 4 });
    });
    expect(Object.keys(await stepsOf(ids))).toEqual(['load', 'train', 'train_3', 'train_2', 'train_4']);
  });

  test('holds values as tagged JSON, lists with wires in them as lists, others as values', async () => {
    const inputs = step('inputs', (given: { list: unknown; plain: unknown; deep: unknown; date: unknown; nan: unknown }) => given);
    const bound = pipeline('bound', () => {
      const data = load();
      inputs({ list: [data, 1], plain: [1, [2]], deep: [[data], []], date: new Date(0), nan: NaN });
    });
    expect((await stepsOf(bound))['inputs']!.inputs).toEqual({
      list: { list: [from('load'), { value: 1 }] },
      plain: { value: [1, [2]] },
      deep: { list: [{ list: [from('load')] }, { value: [] }] },
      date: { value: { $mortise: 'date', value: '1970-01-01T00:00:00.000Z' } },
      nan: { value: { $mortise: 'number', value: 'NaN' } },
    });
  });

  test('is the same whatever the user does later with a value that was given', async () => {
    const rows = [1, 2];
    const bound = pipeline('snapshot', () => {
      train({ data: { rows }, lr: 1 });
      rows.push(3);
    });
    expect((await stepsOf(bound))['train']!.inputs['data']).toEqual({ value: { rows: [1, 2] } });
  });
});

describe('declared outputs', () => {
  const scores = step(
    'scores',
    { outputs: { metrics: tracked.metrics(), columns: tracked.json({ artifact: 'my-columns' }), plain: {} } },
    ({ data }: { data: Wine }) => ({ metrics: { loss: data.rows.length }, columns: ['a'], plain: 1 }),
  );

  test('are wires of their own, with their artifacts and what is tracked', async () => {
    const plan = pipeline('outputs', () => {
      const { train: part, test: rest } = split({ data: load() });
      scores({ data: part });
      return { rest };
    });
    const { scores: planned } = await stepsOf(plan);
    expect(planned!.inputs['data']).toEqual(from('split', 'train'));
    expect(planned!.splitOutputs).toBe(true);
    expect(planned!.outputs).toEqual([
      { name: 'metrics', artifact: 'outputs/scores/metrics', tracked: 'metrics' },
      { name: 'columns', artifact: 'my-columns', tracked: 'json' },
      { name: 'plain', artifact: 'outputs/scores/plain' },
    ]);
    expect((await planOf(plan)).result).toEqual({ wires: { rest: from('split', 'test') } });
  });

  test('can be handed over whole, where the names are those of the inputs', async () => {
    const compare = step('compare', (given: { train: Wine; test: Wine }) => given);
    const plan = pipeline('whole', () => {
      compare(split({ data: load() }));
    });
    expect((await stepsOf(plan))['compare']!.inputs).toEqual({ train: from('split', 'train'), test: from('split', 'test') });
  });
});

describe('what the body returns', () => {
  test.each<
    [
      string,
      () => StepOutput<unknown> | StepOutput<unknown>[] | Record<string, StepOutput<unknown> | StepOutput<unknown>[]> | void,
      unknown,
    ]
  >([
    ['nothing', () => void load(), undefined],
    ['a wire', () => load(), { wire: from('load') }],
    ['an array of wires', () => [load(), items()], { wire: { list: [from('load'), from('items')] } }],
    ['an empty array', () => [], { wire: { list: [] } }],
    ['wires by name', () => ({ a: load(), b: [items()] }), { wires: { a: from('load'), b: { list: [from('items')] } } }],
    [
      'all outputs of a step',
      () => split({ data: { rows: [] } }),
      { wires: { train: from('split', 'train'), test: from('split', 'test') } },
    ],
  ])('is the result: %s', async (_, body, result) => {
    expect((await planOf(pipeline('returns', body))).result).toEqual(result);
  });
});

describe('options', () => {
  test('of a step are in the plan, with the defaults of retry', async () => {
    const options = {
      experimentTracker: ['mlflow', 'wandb'],
      cache: false,
      cacheKey: { version: 2 },
      cacheFiles: ['data.csv'],
      cacheEnv: ['REGION'],
      retry: { retries: 2 },
      timeoutMs: 500,
      settings: { 'experiment-tracker.mlflow': { nested: true } },
    } as const;
    const plan = pipeline('options', () => void step('full', options, () => 1)());
    expect((await stepsOf(plan))['full']!.options).toEqual({
      ...options,
      retry: { retries: 2, delayMs: 0, backoff: 1 },
      settings: [options.settings],
    });
  });

  test.each([
    [true, true],
    [false, undefined],
    ['mlflow', ['mlflow']],
    [['a', 'a'], ['a']],
  ] as const)('experimentTracker: %j is %j in the plan', async (given, planned) => {
    const plan = pipeline('tracked', () => void step('one', { experimentTracker: given }, () => 1)());
    expect((await stepsOf(plan))['one']!.options.experimentTracker).toEqual(planned);
  });

  test.each([
    [true, { intervalMs: 10_000 }],
    [{ intervalMs: 500 }, { intervalMs: 500 }],
    [false, undefined],
  ] as const)('systemMetrics: %j is %j in the plan, whatever its pipeline says', async (given, planned) => {
    const plan = pipeline('watched', { systemMetrics: { intervalMs: 700 } }, () => {
      step('own', { systemMetrics: given }, () => 1)();
      step('other', () => 1)();
    });
    const { own, other } = await stepsOf(plan);
    expect(own!.options).toEqual(planned === undefined ? {} : { systemMetrics: planned });
    expect(other!.options).toEqual({ systemMetrics: { intervalMs: 700 } });
  });

  test('of a pipeline hold for its steps unless they say otherwise; an inner pipeline goes before an outer one', async () => {
    const plain = step('plain', () => 1);
    const own = step('own', { experimentTracker: false, retry: { retries: 1 }, settings: { 'experiment-tracker': { a: 2 } } }, () => 1);
    const inner = pipeline('inner', { cache: true, timeoutMs: 5, settings: { alerter: { d: 1 } } }, () => void plain());
    const settings = { 'experiment-tracker:mlflow': { a: 1, b: 1 }, 'artifact-store.s3': { c: 1 } };
    const outer = pipeline('outer', { experimentTracker: true, cache: false, settings }, () => {
      plain();
      own();
      inner();
    });
    const steps = await stepsOf(outer);
    expect(steps['plain']!.options).toEqual({ experimentTracker: true, cache: false, settings: [settings] });
    expect(steps['own']!.options).toEqual({
      cache: false,
      retry: { retries: 1, delayMs: 0, backoff: 1 },
      settings: [settings, { 'experiment-tracker': { a: 2 } }],
    });
    expect(steps['inner.plain']!.options).toEqual({
      experimentTracker: true,
      cache: true,
      timeoutMs: 5,
      settings: [settings, { alerter: { d: 1 } }],
    });
  });
});

describe('a step knows where it was written', () => {
  const make = (k: number) => step('made', () => k);

  test('its module, whether a function made it, and which of its name it is', async () => {
    const made = [make(1), make(2)] as const;
    const plan = pipeline('sites', () => {
      load();
      made[0]();
      made[1]();
    });
    const { steps } = await plan.compile();
    expect(steps.get('load')).toMatchObject({ module: import.meta.url, insideFunction: undefined, ordinal: 0 });
    expect(steps.get('made')).toMatchObject({ insideFunction: 'make', ordinal: 0 });
    expect(steps.get('made_2')).toMatchObject({ insideFunction: 'make', ordinal: 1 });
  });

  test('and carries its function, name and options', () => {
    expect(train.fn({ data: { rows: [1, 2, 3] }, lr: 2 })).toEqual({ weight: 6 });
    expect([train.name, train.stepName, split.options]).toEqual(['train', 'train', { outputs: ['train', 'test'] }]);
  });
});
