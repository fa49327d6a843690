import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { newId } from '../id.ts';
import type { ComponentType } from '../stack/component-types.ts';
import { completedStep, createdRun, temporaryStore, WORKER } from '../testing/sample-store.ts';
import { saveFlavors } from '../testing/save-flavors.ts';
import type { MetadataStore } from './metadata-store.ts';
import type { Labels } from './stack-data.ts';

let store: MetadataStore;
let remove: () => void;

beforeEach(async () => {
  ({ store, remove } = await temporaryStore());
  await saveFlavors(store, ['local']);
  for (const name of ['o', 'o2']) await component('orchestrator', name);
  for (const name of ['a', 'b', 'c']) await component('experiment-tracker', name);
});
afterEach(() => remove());

async function component(type: ComponentType, name: string, labels?: Labels): Promise<void> {
  await store.createComponent({
    id: newId(),
    type,
    name,
    flavor: 'local',
    config: { path: '/data' },
    createdAt: 1,
    ...(labels && { labels }),
  });
}

const tracker = (name: string) => ({ type: 'experiment-tracker' as const, name });
const orchestrator = (name: string) => ({ type: 'orchestrator' as const, name });

async function stack(name: string, components: readonly { type: ComponentType; name: string }[], labels: Labels = {}): Promise<void> {
  await store.createStack({ id: newId(), name, createdAt: 1, components, labels });
}

const namesIn = async (name: string) => (await store.stack(name))!.components.map((each) => each.name);

test('a component changes its config, labels and name, each without the others, and says when', async () => {
  const before = (await store.component('orchestrator', 'o'))!;
  expect(before).not.toHaveProperty('updatedAt');
  await store.updateComponent('orchestrator', 'o', { config: { concurrency: 4 }, updatedAt: 5 });
  expect(await store.component('orchestrator', 'o')).toEqual({ ...before, config: { concurrency: 4 }, updatedAt: 5 });
  await store.updateComponent('orchestrator', 'o', { labels: { team: 'ml' }, updatedAt: 6 });
  await store.updateComponent('orchestrator', 'o', { name: 'four', updatedAt: 7 });
  expect(await store.component('orchestrator', 'o')).toBeUndefined();
  const after = { ...before, name: 'four', config: { concurrency: 4 }, labels: { team: 'ml' }, updatedAt: 7 };
  expect(await store.component('orchestrator', 'four')).toEqual(after);
});

test('a component that takes another name stays in its stacks, at its place', async () => {
  await stack('team', [orchestrator('o'), tracker('b'), tracker('a')]);
  await store.updateComponent('experiment-tracker', 'b', { name: 'z', updatedAt: 2 });
  expect(await namesIn('team')).toEqual(['o', 'z', 'a']);
});

test('a name that another component or stack has is not given twice', async () => {
  await stack('one', []);
  await stack('two', []);
  const taken = { code: 'NAME_TAKEN' };
  await expect(store.updateComponent('orchestrator', 'o', { name: 'o2', updatedAt: 2 })).rejects.toMatchObject(taken);
  await expect(store.updateStack('one', { name: 'two', updatedAt: 2 })).rejects.toMatchObject(taken);
  await store.updateComponent('orchestrator', 'o', { name: 'a', updatedAt: 2 });
  expect((await store.components({ name: 'a' })).items.map(({ type }) => type)).toEqual(['experiment-tracker', 'orchestrator']);
});

test('a stack changes its components in the order given, its labels and its name', async () => {
  await stack('team', [orchestrator('o'), tracker('a'), tracker('b')], { team: 'ml' });
  await store.updateStack('team', { components: [orchestrator('o2'), tracker('c'), tracker('a')], updatedAt: 5 });
  expect(await namesIn('team')).toEqual(['o2', 'c', 'a']);
  await store.updateStack('team', { name: 'crew', labels: {}, updatedAt: 6 });
  expect(await store.stack('team')).toBeUndefined();
  expect(await store.stack('crew')).toMatchObject({ name: 'crew', labels: {}, createdAt: 1, updatedAt: 6 });
  expect(await namesIn('crew')).toEqual(['o2', 'c', 'a']);
});

test('a change of a stack that names an unknown component changes nothing at all', async () => {
  await stack('team', [orchestrator('o'), tracker('a')], { team: 'ml' });
  const before = await store.stack('team');
  const change = { name: 'crew', labels: {}, components: [orchestrator('o2'), tracker('none')], updatedAt: 2 };
  await expect(store.updateStack('team', change)).rejects.toMatchObject({ code: 'UNKNOWN_COMPONENT' });
  expect(await store.stacks({})).toEqual({ items: [before] });
});

test('a change that was made from what is no longer there is refused', async () => {
  await stack('team', [orchestrator('o')]);
  const [seen, seenStack] = [(await store.component('orchestrator', 'o'))!, (await store.stack('team'))!];
  await store.updateComponent('orchestrator', 'o', { config: { concurrency: 2 }, updatedAt: 2 });
  const meanwhile = { code: 'CHANGED_MEANWHILE' };
  await expect(store.updateComponent('orchestrator', 'o', { config: {}, updatedAt: 3, seen })).rejects.toMatchObject(meanwhile);
  await expect(store.updateStack('team', { labels: { x: 'y' }, updatedAt: 3, seen: seenStack })).rejects.toMatchObject(meanwhile);
  await store.updateStack('team', { labels: { x: 'y' }, updatedAt: 3, seen: (await store.stack('team'))! });
});

test('changing what is not there names what is', async () => {
  await stack('laptop', []);
  await expect(store.updateStack('laptob', { updatedAt: 2 })).rejects.toMatchObject({
    code: 'UNKNOWN_STACK',
    advice: 'Did you mean "laptop"?',
  });
  await expect(store.updateComponent('orchestrator', 'x', { updatedAt: 2 })).rejects.toMatchObject({ code: 'UNKNOWN_COMPONENT' });
});

test('lists are of those with all the labels asked for, whatever their order, in pages', async () => {
  const made: [string, Labels][] = [
    ['x', { team: 'ml', tier: '1' }],
    ['y', { tier: '1', team: 'ml' }],
    ['z', { team: 'ml' }],
    ['w', { 'a.b/c': 'ü "q"' }],
  ];
  for (const [name, labels] of made) {
    await component('alerter', name, labels);
    await stack(name, [], labels);
  }
  for (const sort of [undefined, 'name'] as const) {
    const order = sort && { sort };
    const names = async (labels: Labels) => [
      (await store.components({ labels, ...order })).items.map(({ name }) => name).join(''),
      (await store.stacks({ labels, ...order })).items.map(({ name }) => name).join(''),
    ];
    expect(await names({ team: 'ml' })).toEqual(['xyz', 'xyz']);
    expect(await names({ tier: '1', team: 'ml' })).toEqual(['xy', 'xy']);
    expect(await names({ team: 'm' })).toEqual(['', '']);
    expect(await names({ 'a.b/c': 'ü "q"' })).toEqual(['w', 'w']);
    expect(await names({ none: '1' })).toEqual(['', '']);
    const first = await store.stacks({ labels: { team: 'ml' }, limit: 2, ...order });
    expect((await store.stacks({ labels: { team: 'ml' }, after: first.next!, ...order })).items.map(({ name }) => name)).toEqual(['z']);
  }
});

test('stacks are found by a component of theirs', async () => {
  await stack('one', [orchestrator('o'), tracker('a')]);
  await stack('two', [orchestrator('o2'), tracker('a'), tracker('b')]);
  for (const sort of [undefined, 'name'] as const) {
    const having = async (name: string) => (await store.stacks({ component: name, ...(sort && { sort }) })).items.map((each) => each.name);
    expect(await having('a')).toEqual(['one', 'two']);
    expect(await having('b')).toEqual(['two']);
    expect(await having('c')).toEqual([]);
  }
});

test('an experiment tracker keeps its name, and is not deleted, while tracker runs wait for it', async () => {
  const run = await createdRun(store);
  const step = await completedStep(store, run.id, 'train', { trackers: [{ component: 'a', flavor: 'local' }] });
  await store.finishRun({
    ...{ id: run.id, workerId: WORKER.id, status: 'completed', endedAt: 1, warnings: [] },
    outcome: { status: 'completed' },
  });
  const refused = { code: 'TRACKER_RUNS_WAIT', facts: { name: 'a', trackerRuns: 1 } };
  const rename = () => store.updateComponent('experiment-tracker', 'a', { name: 'z', updatedAt: 2 });
  await expect(rename()).rejects.toMatchObject(refused);
  await expect(store.deleteComponent('experiment-tracker', 'a')).rejects.toMatchObject(refused);
  await store.updateComponent('experiment-tracker', 'a', { config: { path: '/mended' }, updatedAt: 2 });
  await store.updateTrackerRun({ id: step.started.trackerRuns[0]!.id, status: 'completed' });
  await rename();
  await store.deleteComponent('experiment-tracker', 'z');
});
