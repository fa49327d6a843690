import { describe, expect, test } from '@jest/globals';
import { inspect } from 'node:util';

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
    expect(waits).toEqual({
      load: [],
      'inner.load': ['load'],
      'inner.items': ['inner.load'],
      'inner.items_2': ['load'],
      'inner.train': [],
    });
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
    const tree: Runnable & ((inputs: object, params: { depth: number }) => void) = pipeline(
      'tree',
      { params: { depth: 0 } },
      ({ depth }) => {
        load();
        if (depth > 0) tree({}, { depth: depth - 1 });
      },
    );
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
