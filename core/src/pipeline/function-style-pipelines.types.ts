import { pipeline } from './pipeline.ts';
import { step } from './step.ts';
import type { StepOutput } from './wire.ts';

/** What compiles of pipelines in function style, and what must not. Never run. */

interface Wine {
  rows: number[][];
  labels: number[];
}
interface Model {
  weights: number[];
}
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function is<T extends true>(_claim?: T): void {}

declare const wineData: Wine;
type Tree = number | readonly Tree[] | { readonly [name: string]: Tree };

const load = step('load', async () => wineData);
const train = step('train', ({ data, lr }: { data: Wine; lr: number }): Model => ({ weights: data.labels.map((label) => label * lr) }));
const score = step('score', async ({ item, model }: { item: number; model: Model }) => item + model.weights.length);
const items = step('items', () => [1, 2, 3]);
const spell = step('spell', ({ text }: { text: string }) => text);
const word = step('word', () => 'a');
const names = step('names', () => ['a', 'b']);
const optional = step('optional', ({ size = 1 }: { size?: number } = {}) => size);

const wine = pipeline('wine', { params: { lr: 0.1, deep: false, kind: 'red' as 'red' | 'white', tags: [] as string[] } }, (params) => {
  is<Equal<typeof params, { lr: number; deep: boolean; kind: 'red' | 'white'; tags: string[] }>>();
  return { model: train({ data: load(), lr: params.lr }), all: [items(), items()] };
});
const required = pipeline('required', { params: { file: undefined as string | undefined, size: 1 }, cache: false }, ({ file, size }) => {
  is<Equal<typeof file, string>>();
  return optional({ size });
});
interface Rates {
  lr: number;
  readonly kind: 'red' | 'white';
}
declare const rates: Rates;
const rated = pipeline('rated', { params: rates }, ({ lr, kind }) => {
  is<Equal<typeof kind, 'red' | 'white'>>();
  return optional({ size: lr });
});
const inner = pipeline('inner', { params: { lr: 1 } }, ({ lr }, { data }: { data: StepOutput<Wine> }) => train({ data, lr }));
const bare = pipeline('bare', () => {
  load();
});

interface Fitted {
  model: StepOutput<Model>;
  best?: StepOutput<number>;
}
const fitted = pipeline('a result whose type is an interface', (): Fitted => ({ model: train({ data: load(), lr: 1 }) }));
const either = pipeline('a result that may lack a name', { params: { all: false } }, ({ all }) =>
  all ? { words: names(), word: word() } : { word: word() },
);

async function runs(): Promise<void> {
  const { result: fit } = await fitted.run();
  is<Equal<NonNullable<typeof fit>['model'], Model>>();
  is<Equal<NonNullable<typeof fit>['best'], number | undefined>>();
  const { result: words } = await either.run();
  is<Equal<NonNullable<typeof words>['word'], string>>();
  is<Equal<NonNullable<typeof words>['words'], string[] | undefined>>();
  const run = await wine.run({ lr: 0.2 }, { stack: 'team', cache: false });
  is<Equal<typeof run.result, { model: Model; all: number[][] } | undefined>>();
  await wine.run();
  await bare.run();
  await bare.run({}, { concurrency: 2 });
  await required.run({ file: 'wine.csv' });
  await rated.run({ lr: 2 });
  const none = await bare.run();
  is<Equal<typeof none.result, undefined>>();
  // @ts-expect-error: an unknown param
  await wine.run({ learningRate: 1 });
  // @ts-expect-error: a param of the wrong type
  await wine.run({ lr: 'fast' });
  // @ts-expect-error: a param that is none of the declared words
  await wine.run({ kind: 'rose' });
  // @ts-expect-error: a param that is none of the words of an interface
  await rated.run({ kind: 'rose' });
  // @ts-expect-error: a param for a pipeline without any
  await bare.run({ lr: 1 });
  // @ts-expect-error: an unknown run option
  await wine.run({}, { stak: 'team' });
  // @ts-expect-error: a required param is missing
  await required.run();
  // @ts-expect-error: a required param is missing among others
  await required.run({ size: 2 });
  // @ts-expect-error: a pipeline with inputs has nobody to give them
  await inner.run({ lr: 2 });
}
void runs;

pipeline('outer', () => {
  const model = inner({ data: load() }, { lr: 3 }, { id: 'first' });
  is<Equal<typeof model, StepOutput<Model>>>();
  score({ item: 1, model });
  inner({ data: wineData });
  const { all } = wine({}, { deep: true });
  is<Equal<typeof all, StepOutput<number[]>[]>>();
  required({}, { file: 'x' }, { after: [model] });
  bare();
  // @ts-expect-error: a nested pipeline without its inputs
  inner();
  // @ts-expect-error: a wrong input of a nested pipeline
  inner({ data: model });
  // @ts-expect-error: a wrong param of a nested pipeline
  inner({ data: load() }, { lr: 'fast' });
  // @ts-expect-error: an unknown param of a nested pipeline
  inner({ data: load() }, { rate: 1 });
  // @ts-expect-error: a wire as a param of a nested pipeline
  inner({ data: load() }, { lr: optional() });
  // @ts-expect-error: inputs for a nested pipeline that takes none
  bare({ data: load() });
  // @ts-expect-error: a required param of a nested pipeline
  required({}, {});
});

// @ts-expect-error: an unknown option of a pipeline
pipeline('options', { parms: { lr: 1 } }, () => undefined);
// @ts-expect-error: a param that was not declared
pipeline('params', { params: { lr: 1 } }, ({ rate }) => train({ data: load(), lr: rate }));
// @ts-expect-error: a param without declared params
pipeline('params', ({ lr }) => train({ data: load(), lr }));
// @ts-expect-error: params that are a number
pipeline('params', { params: 1 }, () => undefined);
// @ts-expect-error: params that are a list
pipeline('params', { params: [1] }, () => undefined);
// @ts-expect-error: params that are a function
pipeline('params', { params: () => 1 }, () => undefined);
// @ts-expect-error: a function as a param
pipeline('params', { params: { lr: 1, loss: (at: number) => at } }, () => undefined);
// @ts-expect-error: a date as a param
pipeline('params', { params: { at: new Date() } }, () => undefined);
// @ts-expect-error: a map as a param that must be given
pipeline('params', { params: { of: undefined as Map<string, number> | undefined } }, () => undefined);
// @ts-expect-error: a step as a param
pipeline('params', { params: { load } }, () => undefined);
// @ts-expect-error: a whole number of any length as a param
pipeline('params', { params: { size: 1n } }, () => undefined);
interface Nested {
  name: string;
  tree: Tree;
  untyped: unknown;
  parsed: ReturnType<typeof JSON.parse>;
  by: { readonly [key: string]: ReturnType<typeof JSON.parse> };
  list: readonly Nested[];
  of?: Nested;
}
declare const nested: Nested;
pipeline('params', { params: { nested, or: null as Nested | null, pair: [1, 'a'] as [number, string] } }, ({ nested: { name } }) =>
  spell({ text: name }),
);
// @ts-expect-error: an async body
pipeline('async', async () => load());
// @ts-expect-error: a body that returns no wire
pipeline('returns', () => 5);
// @ts-expect-error: a body that returns a function
pipeline('returns', () => () => word());
// @ts-expect-error: a body that returns a step
pipeline('returns', () => word);
// @ts-expect-error: a body that returns a date
pipeline('returns', () => new Date());
// @ts-expect-error: a body that returns a value beside a wire
pipeline('returns', () => ({ word: word(), value: 1 }));
// @ts-expect-error: a body that returns undefined beside a wire
pipeline('returns', () => ({ word: word(), value: undefined }));
// @ts-expect-error: a body that returns a wire two names deep
pipeline('returns', () => ({ of: { word: word() } }));
// @ts-expect-error: a body that may return a value in place of a wire
pipeline('returns', { params: { all: false } }, ({ all }) => (all ? { word: 'a' } : { word: word() }));
// @ts-expect-error: an input that is not declared as a step's output
pipeline('inputs', (_params, { data }: { data: Wine }) => train({ data, lr: 1 }));
