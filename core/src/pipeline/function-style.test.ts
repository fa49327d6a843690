import { describe, expect, test } from '@jest/globals';
import { inspect } from 'node:util';

import { tracked } from '../tracking/tracked-output.ts';
import { pipeline, type Pipeline } from './pipeline.ts';
import type { InputSpec, StepSpec } from './pipeline-spec.ts';
import { step } from './step.ts';
import { when } from './when.ts';
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
const isGood = step('isGood', ({ model }: { model: Model }) => model.weight > 1);
const publish = step('publish', ({ model }: { model: Model }) => `v${model.weight}`);
const items = step('items', () => [1, 2]);
const score = step('score', ({ item, model }: { item: number; model: Model }) => item * model.weight);

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
  test.each<[string, () => StepOutput<unknown> | StepOutput<unknown>[] | Record<string, StepOutput<unknown> | StepOutput<unknown>[]> | void, unknown]>([
    ['nothing', () => void load(), undefined],
    ['a wire', () => load(), { wire: from('load') }],
    ['an array of wires', () => [load(), items()], { wire: { list: [from('load'), from('items')] } }],
    ['an empty array', () => [], { wire: { list: [] } }],
    ['wires by name', () => ({ a: load(), b: [items()] }), { wires: { a: from('load'), b: { list: [from('items')] } } }],
    ['all outputs of a step', () => split({ data: { rows: [] } }), { wires: { train: from('split', 'train'), test: from('split', 'test') } }],
  ])('is the result: %s', async (_, body, result) => {
    expect((await planOf(pipeline('returns', body))).result).toEqual(result);
  });
});

describe('map', () => {
  test('says which inputs hold the items; the others are shared', async () => {
    const mapped = pipeline('mapped', () => {
      const model = train({ data: load(), lr: 1 });
      const scored = score.map({ item: items() }, { model }, { id: 'each' });
      const parts = split.map({ data: [load(), { rows: [] }] });
      return { scored, first: parts.train };
    });
    const { each, split: parts } = await stepsOf(mapped);
    expect(each).toMatchObject({ map: ['item'], inputs: { item: from('items'), model: from('train') } });
    expect(parts).toMatchObject({ map: ['data'], inputs: { data: { list: [from('load_2'), { value: { rows: [] } }] } } });
    expect((await planOf(mapped)).result).toEqual({ wires: { scored: from('each'), first: from('split', 'train') } });
  });

  test('over a mapped result, over the result of a when, within a branch', async () => {
    const mapped = pipeline('mapped-on', () => {
      const model = train({ data: load(), lr: 1 });
      const first = score.map({ item: [1, 2] }, { model });
      score.map({ item: first }, { model });
      const list = when(isGood({ model }), { then: () => items(), else: () => score.map({ item: first }, { model }) });
      score.map({ item: list }, { model });
    });
    const steps = await stepsOf(mapped);
    expect(steps['score_2']!.inputs['item']).toEqual(from('score'));
    expect(steps['score_3']!.when).toEqual([{ from: 'isGood', output: 'output', is: false }]);
    expect(steps['score_4']).toMatchObject({
      map: ['item'],
      inputs: { item: { when: from('isGood'), then: from('items'), else: from('score_3') } },
      when: [],
    });
  });
});

describe('when', () => {
  test('puts the steps of a branch under its condition, and gives a wire of either result', async () => {
    const plan = pipeline('branches', () => {
      const model = train({ data: load(), lr: 1 });
      const better = when(isGood({ model }), { then: () => model, else: () => train({ data: { rows: [] }, lr: 2 }) });
      return publish({ model: better });
    });
    const steps = await stepsOf(plan);
    expect(steps['train_2']!.when).toEqual([{ from: 'isGood', output: 'output', is: false }]);
    expect(steps['publish']!.when).toEqual([]);
    expect(steps['publish']!.inputs['model']).toEqual({ when: from('isGood'), then: from('train'), else: from('train_2') });
  });

  test('without else gives undefined; a branch may give nothing, a value or a list', async () => {
    const plan = pipeline('optional', () => {
      const model = train({ data: load(), lr: 1 });
      const good = isGood({ model });
      return {
        none: when(good, { then: () => publish({ model }) }),
        nothing: when(good, { then: () => void publish({ model }) }),
        value: when(good, { then: () => 'yes', else: () => [model] }),
      };
    });
    const wires = {
      none: { when: from('isGood'), then: from('publish') },
      nothing: { when: from('isGood'), then: { value: { $mortise: 'undefined' } } },
      value: { when: from('isGood'), then: { value: 'yes' }, else: { list: [from('train')] } },
    };
    expect((await planOf(plan)).result).toEqual({ wires });
  });

  test('nests: all conditions must hold', async () => {
    const inner = pipeline('inner', (_params, { model }: { model: StepOutput<Model> }) => publish({ model }));
    const plan = pipeline('nested', () => {
      const model = train({ data: load(), lr: 1 });
      return when(isGood({ model }), {
        then: () => when(isGood({ model }), { then: () => inner({ model }), else: () => publish({ model }) }),
      });
    });
    const steps = await stepsOf(plan);
    const outer = { from: 'isGood', output: 'output', is: true };
    expect(steps['isGood_2']!.when).toEqual([outer]);
    expect(steps['inner.publish']!.when).toEqual([outer, { from: 'isGood_2', output: 'output', is: true }]);
    expect(steps['publish']!.when).toEqual([outer, { from: 'isGood_2', output: 'output', is: false }]);
    const then = { when: from('isGood_2'), then: from('inner.publish'), else: from('publish') };
    expect((await planOf(plan)).result).toEqual({ wire: { when: from('isGood'), then } });
  });
});

describe('after', () => {
  test('takes wires, all outputs of a step, and results of when, and names the steps behind them', async () => {
    const plan = pipeline('waits', () => {
      const model = train({ data: load(), lr: 1 });
      const either = when(isGood({ model }), { then: () => publish({ model }), else: () => model });
      items({}, { after: [split({ data: load() }), either] });
    });
    expect((await stepsOf(plan))['items']!.after.sort()).toEqual(['isGood', 'publish', 'split', 'train']);
  });

  test('may name a step that is called later: the plan is in an order in which it can run', async () => {
    const plan = pipeline('later', () => {
      const after: StepOutput<unknown>[] = [];
      items({}, { after });
      after.push(load());
    });
    expect((await planOf(plan)).steps.map(({ id }) => id)).toEqual(['load', 'items']);
  });

  test('of a nested pipeline holds for its first steps, hence for all', async () => {
    const inner = pipeline('inner', () => {
      const data = load();
      items({}, { after: [data] });
      items();
      return train({ data, lr: 1 });
    });
    const plan = pipeline('outer', () => {
      inner({}, {}, { after: [load()] });
    });
    const steps = await stepsOf(plan);
    const waits = Object.fromEntries(Object.values(steps).map(({ id, after }) => [id, after]));
    expect(waits).toEqual({ load: [], 'inner.load': ['load'], 'inner.items': ['inner.load'], 'inner.items_2': ['load'], 'inner.train': [] });
  });
});

describe('a nested pipeline', () => {
  const inner = pipeline('inner', { params: { lr: 1, tag: 'x' } }, ({ lr }, { data }: { data: StepOutput<Wine> }) => ({
    model: train({ data, lr }),
    again: when(isGood({ model: { weight: lr } }), { then: () => train({ data, lr }) }),
  }));

  test('becomes steps of the outer one, with its own defaults under the given params, and gives what its body returns', async () => {
    const plan = pipeline('outer', { params: { lr: 5 } }, ({ lr }) => {
      const { model } = inner({ data: load() }, { lr });
      inner({ data: { rows: [7] } });
      inner({ data: load() }, {}, { id: 'third' });
      return publish({ model });
    });
    const steps = await stepsOf(plan);
    expect(Object.keys(steps)).toEqual([
      ...['load', 'inner.train', 'inner.isGood', 'inner.train_2', 'inner_2.train', 'inner_2.isGood', 'inner_2.train_2'],
      ...['load_2', 'third.train', 'third.isGood', 'third.train_2', 'publish'],
    ]);
    expect(steps['inner.train']!.inputs).toEqual({ data: from('load'), lr: { value: 5 } });
    expect(steps['inner.train']!.outputs[0]!.artifact).toBe('outer/inner.train/output');
    expect(steps['inner_2.train']!.inputs).toEqual({ data: { value: { rows: [7] } }, lr: { value: 1 } });
    expect(steps['publish']!.inputs['model']).toEqual(from('inner.train'));
    expect((await planOf(plan)).params).toEqual({ lr: 5 });
  });

  test('nests as deep as one likes, and may call itself as long as params end it', async () => {
    const tree: Pipeline & ((inputs: object, params: { depth: number }) => void) = pipeline('tree', { params: { depth: 0 } }, ({ depth }) => {
      load();
      if (depth > 0) tree({}, { depth: depth - 1 });
    }) as never;
    expect(Object.keys(await stepsOf(tree, { depth: 2 }))).toEqual(['load', 'tree.load', 'tree.tree.load']);
  });

  test('gets an input as a wire even when a plain value was given', async () => {
    let shown = '';
    const shows = pipeline('shows', (_params, { data }: { data: StepOutput<Wine> }) => {
      shown = inspect(data);
      return data;
    });
    const plan = pipeline('shown', () => void shows({ data: { rows: [] } }));
    await plan.compile();
    expect(shown).toBe('<input "data" of pipeline "shows">');
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
      settings: { mlflow: { nested: true } },
    } as const;
    const plan = pipeline('options', () => void step('full', options, () => 1)());
    expect((await stepsOf(plan))['full']!.options).toEqual({ ...options, retry: { retries: 2, delayMs: 0, backoff: 1 } });
  });

  test.each([
    [true, true],
    [false, undefined],
    ['mlflow', ['mlflow']],
    [[], undefined],
    [['a', 'a'], ['a']],
  ] as const)('experimentTracker: %j is %j in the plan', async (given, planned) => {
    const plan = pipeline('tracked', () => void step('one', { experimentTracker: given }, () => 1)());
    expect((await stepsOf(plan))['one']!.options.experimentTracker).toEqual(planned);
  });

  test('of a pipeline hold for its steps unless they say otherwise; an inner pipeline goes before an outer one', async () => {
    const plain = step('plain', () => 1);
    const own = step('own', { experimentTracker: false, retry: { retries: 1 }, settings: { mlflow: { a: 2 } } }, () => 1);
    const inner = pipeline('inner', { cache: true, timeoutMs: 5 }, () => void plain());
    const outer = pipeline('outer', { experimentTracker: true, cache: false, settings: { mlflow: { a: 1, b: 1 }, s3: { c: 1 } } }, () => {
      plain();
      own();
      inner();
    });
    const steps = await stepsOf(outer);
    const settings = { mlflow: { a: 1, b: 1 }, s3: { c: 1 } };
    expect(steps['plain']!.options).toEqual({ experimentTracker: true, cache: false, settings });
    expect(steps['own']!.options).toEqual({
      cache: false,
      retry: { retries: 1, delayMs: 0, backoff: 1 },
      settings: { mlflow: { a: 2, b: 1 }, s3: { c: 1 } },
    });
    expect(steps['inner.plain']!.options).toEqual({ experimentTracker: true, cache: true, timeoutMs: 5, settings });
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
