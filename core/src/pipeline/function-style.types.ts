import { tracked } from '../tracking/tracked-output.ts';
import { pipeline } from './pipeline.ts';
import { step } from './step.ts';
import { when } from './when.ts';
import type { StepOutput, Wire } from './wire.ts';

/** What compiles of steps in function style, and what must not. Never run. */

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

const load = step('load', async () => wineData);
const train = step('train', { experimentTracker: true }, async ({ data, lr }: { data: Wine; lr: number }): Promise<Model> => {
  return { weights: data.labels.map((label) => label * lr) };
});
step('watched', { systemMetrics: true }, () => 1);
step('watched more closely', { systemMetrics: { intervalMs: 500 } }, () => 1);
pipeline('all watched', { systemMetrics: { intervalMs: 500 } }, () => void load());
const pick = step('pick', ({ models, best }: { models: Model[]; best?: number }) => models[best ?? 0]!);
const split = step('split', { outputs: ['train', 'test'] }, async ({ data }: { data: Wine }) => ({ train: data, test: data, rest: 1 }));
const evaluate = step(
  'evaluate',
  { outputs: { metrics: tracked.metrics(), columns: tracked.json({ artifact: 'columns' }), plain: {} } },
  ({ model }: { model: Model }) => ({ metrics: { accuracy: model.weights.length, val: { loss: 1 } }, columns: ['a'], plain: 'x' }),
);
const items = step('items', () => [1, 2, 3]);
const word = step('word', () => 'a');
const names = step('names', () => ['a', 'b']);
const score = step('score', async ({ item, model }: { item: number; model: Model }) => item + model.weights.length);
const isGood = step('isGood', ({ model }: { model: Model }) => model.weights.length > 1);
const identity = step('identity', <T>({ value }: { value: T }) => value);
const optional = step('optional', ({ size = 1 }: { size?: number } = {}) => size);
const free = step('free', ({ size }: { size?: number }) => size ?? 1);
const counts = step('counts', (named: Record<string, number>) => Object.keys(named).length);
const maybe = step('maybe', ({ model }: { model: Model | undefined }) => model ?? null);
const pair = step('pair', ({ of }: { of: [number, string] }) => of[0]);
const rest = step('rest', ({ of }: { of: readonly [string, ...number[]] }) => of.length);
type Tree = number | readonly Tree[] | { readonly [name: string]: Tree };
const grow = step('grow', ({ tree }: { tree: Tree }) => typeof tree);
type Fork = number | [Fork, Fork];
const fork = step('fork', ({ at }: { at: Fork }) => typeof at);
const perhapsB = step('perhapsB', { outputs: ['a', 'b'] }, (): { a: number; b?: string } => ({ a: 1 }));
const spell = step('spell', ({ text }: { text: string }) => text);
const untyped = step('untyped', (inputs: { anything: unknown }) => String(inputs.anything));

is<Equal<typeof train.fn, ({ data, lr }: { data: Wine; lr: number }) => Promise<Model>>>();
is<Equal<typeof train.options.experimentTracker, true>>();

pipeline('what compiles', { params: { lr: 0.1 } }, ({ lr }) => {
  const data = load();
  is<Equal<typeof data, StepOutput<Wine>>>();
  const model = train({ data, lr }, { id: 'second', after: [data] });
  is<Equal<typeof model, StepOutput<Model>>>();
  is<Equal<ReturnType<typeof identity>, StepOutput<unknown>>>();
  train({ data: wineData, lr: 1 });
  load({}, { id: 'again' });
  load(undefined, { id: 'more' });
  pick({ models: [model, { weights: [1] }] });
  pick({ models: [model], best: 1 });
  optional();
  optional({ size: 2 });
  free();
  counts();
  counts({ one: 1, two: free(undefined, { id: 'two' }) });
  optional.map({ size: [1, optional()] });
  optional.map({ size: items() }, {}, { id: 'sizes' });
  untyped({ anything: model });
  pair({ of: [1, word()] });
  pair({ of: step('both', (): [number, string] => [1, 'a'])() });
  rest({ of: [word(), 1, optional()] });
  grow({ tree: [optional(), [1, items()], { a: [1] }] });
  fork({ at: [optional(), [1, optional()]] });
  const parts = split({ data });
  is<Equal<typeof parts, { readonly train: StepOutput<Wine>; readonly test: StepOutput<Wine> }>>();
  train({ data: parts.train, lr }, { after: [parts] });
  const { metrics, plain } = evaluate({ model });
  is<Equal<typeof metrics, StepOutput<{ accuracy: number; val: { loss: number } }>>>();
  is<Equal<typeof plain, StepOutput<string>>>();
  const scores = score.map({ item: items() }, { model }, { after: [data] });
  is<Equal<typeof scores, StepOutput<number[]>>>();
  score.map({ item: [1, 2], model: [model, model] });
  pick.map({ models: [[model]] });
  pick.map({ models: [[model]] }, { best: 1 });
  const mapped = split.map({ data: [data, wineData] });
  is<Equal<typeof mapped, { readonly train: StepOutput<Wine[]>; readonly test: StepOutput<Wine[]> }>>();
  const best = when(isGood({ model }), { then: () => model, else: () => train({ data, lr: 2 }) });
  is<Equal<typeof best, StepOutput<Model>>>();
  const perhaps = when(isGood({ model }), { then: () => model });
  is<Equal<typeof perhaps, StepOutput<Model | undefined>>>();
  const either = when(isGood({ model }), { then: () => 'none', else: () => [model] });
  is<Equal<typeof either, StepOutput<'none' | Model[]>>>();
  score({ item: 1, model: when(isGood({ model }), { then: () => model, else: () => train({ data, lr: 2 }) }) });
  pick({ models: when(isGood({ model }), { then: () => [model], else: () => [] }) });
  maybe({ model: when(isGood({ model }), { then: () => model }) });
  score({ item: 1, model: pick({ models: [train({ data: load(), lr })] }) });
  const nothing = when(isGood({ model }), { then: () => void train({ data, lr }) });
  is<Equal<typeof nothing, StepOutput<undefined>>>();
});

/** A step of which only the interface of a wire is known. */
const given: (wire: Wire<readonly number[]>) => void = () => undefined;
given([1, 2]);

// @ts-expect-error: a step with two arguments
step('two', (a: Wine, b: number) => [a, b]);
// @ts-expect-error: a step whose argument is not an object
step('positional', (a: number) => a);
// @ts-expect-error: a step whose argument is an array
step('list', (a: number[]) => a);
// @ts-expect-error: a text in place of the options of a step
step('option', 'train', () => 1);
// @ts-expect-error: a number in place of the options of a step
step('option', 5, () => 1);
// @ts-expect-error: a list in place of the options of a step
step('option', ['train'], () => 1);
step(
  'option',
  // @ts-expect-error: a function in place of the options of a step
  () => 1,
  () => 1,
);
// @ts-expect-error: an unknown step option
step('option', { experimentTracer: true }, () => 1);
// @ts-expect-error: an unknown step option beside a known one
step('option', { cache: false, retries: 2 }, () => 1);
const fromVariable = { cache: false, timeout: 2 };
// @ts-expect-error: an unknown step option in a variable
step('option', fromVariable, () => 1);
// @ts-expect-error: a step option of the wrong type
step('option', { timeoutMs: '5s' }, () => 1);
// @ts-expect-error: an unknown key of retry
step('option', { retry: { retries: 1, delay: 100 } }, () => 1);
// @ts-expect-error: an interval of system metrics that is a text
step('option', { systemMetrics: { intervalMs: '1s' } }, () => 1);
// @ts-expect-error: system metrics without their interval
step('option', { systemMetrics: {} }, () => 1);
// @ts-expect-error: an unknown key of system metrics
step('option', { systemMetrics: { intervalMs: 1000, gpu: true } }, () => 1);
// @ts-expect-error: system metrics of a pipeline that are a number
pipeline('option', { systemMetrics: 1000 }, () => void load());
// @ts-expect-error: a declared output that the function does not return
step('outputs', { outputs: ['a', 'b'] }, () => ({ a: 1 }));
// @ts-expect-error: declared outputs of a function that returns no object
step('outputs', { outputs: ['a'] }, async () => 1);
// @ts-expect-error: metrics that are no numbers
step('outputs', { outputs: { metrics: tracked.metrics() } }, () => ({ metrics: { accuracy: 'high' } }));
// @ts-expect-error: metrics that are an array
step('outputs', { outputs: { metrics: tracked.metrics() } }, () => ({ metrics: [1, 2] }));
// @ts-expect-error: metrics that may be left out
step('outputs', { outputs: { metrics: tracked.metrics() } }, (): { metrics?: { accuracy: number } } => ({}));
// @ts-expect-error: an unknown key of a declared output
step('outputs', { outputs: { a: { artefact: 'x' } } }, () => ({ a: 1 }));

pipeline('wrong edges', { params: { lr: 0.1 } }, ({ lr }) => {
  const data = load();
  const model = train({ data, lr });
  const parts = split({ data });
  // @ts-expect-error: an output of the wrong type
  score({ item: 1, model: data });
  // @ts-expect-error: a value of the wrong type
  train({ data, lr: 'fast' });
  // @ts-expect-error: a param of the wrong type
  score({ item: 1, model: lr });
  // @ts-expect-error: a missing input
  train({ data });
  // @ts-expect-error: an extra input
  train({ data, lr, momentum: 0.9 });
  // @ts-expect-error: a misspelt input
  train({ data, lrr: lr });
  // @ts-expect-error: no inputs at all
  train();
  // @ts-expect-error: undefined as an input
  train({ data: undefined, lr });
  // @ts-expect-error: a Promise as an input
  train({ data: Promise.resolve(wineData), lr });
  // @ts-expect-error: a wire without a name
  train(data);
  // @ts-expect-error: inputs for a step that takes none
  load({ data });
  // @ts-expect-error: an unknown option of a call
  train({ data, lr }, { ID: 'x' });
  // @ts-expect-error: after without a wire
  train({ data, lr }, { after: ['load'] });
  // @ts-expect-error: an output that was not declared
  train({ data: parts.rest, lr });
  // @ts-expect-error: an output that the function need not give
  spell({ text: perhapsB().b });
  // @ts-expect-error: all outputs where one belongs
  train({ data: parts, lr });
  // @ts-expect-error: a list with a wrong wire in it
  pick({ models: [model, data] });
  // @ts-expect-error: a pair in the wrong order
  pair({ of: [word(), optional()] });
  // @ts-expect-error: three where a pair is wanted
  pair({ of: [optional(), word(), 1] });
  // @ts-expect-error: one where a pair is wanted
  pair({ of: [optional()] });
  // @ts-expect-error: plain values that are no pair
  pair({ of: ['a', 1] });
  // @ts-expect-error: a wire of the wrong type in the rest of a tuple
  rest({ of: [word(), 1, word()] });
  // @ts-expect-error: a wire of one where an array is wanted
  pick({ models: model });
  // @ts-expect-error: reading from a wire
  train({ data, lr: model.weights[0] });
  // @ts-expect-error: calculating with a wire
  train({ data, lr: optional() * 2 });
  // @ts-expect-error: mapping over what is no array
  score.map({ item: optional() }, { model });
  // @ts-expect-error: mapping over items of the wrong type
  score.map({ item: names() }, { model });
  // @ts-expect-error: mapping over items of the wrong type that have a default
  optional.map({ size: names() });
  // @ts-expect-error: mapping over nothing
  score.map({}, { item: 1, model });
  // @ts-expect-error: mapping over nothing where all inputs may be left out
  free.map({});
  // @ts-expect-error: mapping a step without inputs
  items.map({});
  // @ts-expect-error: a missing shared input
  score.map({ item: items() });
  // @ts-expect-error: a mapped input that the step does not have
  score.map({ itm: items() }, { model });
  // @ts-expect-error: a shared input of the wrong type
  score.map({ item: items() }, { model: data });
  // @ts-expect-error: a shared input of the wrong type that may be left out
  pick.map({ models: [[model]] }, { best: 'a' });
  // @ts-expect-error: a mapped result is an array
  score({ item: score.map({ item: items() }, { model }), model });
  // @ts-expect-error: a condition that is not boolean
  when(items(), { then: () => model });
  // @ts-expect-error: a value as a condition
  when(lr > 1, { then: () => model });
  // @ts-expect-error: the result of a when without else may be undefined
  score({ item: 1, model: when(isGood({ model }), { then: () => model }) });
  // @ts-expect-error: an async branch
  when(isGood({ model }), { then: async () => model });
  // @ts-expect-error: a branch that gives an object of wires
  when(isGood({ model }), { then: () => parts });
  // @ts-expect-error: the output of a generic step is unknown
  score({ item: 1, model: identity({ value: model }) });
});
