import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { newId } from '../id.ts';
import type { ComponentType } from '../stack/component-types.ts';
import type { FlavorDescriptor } from '../stack/flavor.ts';
import { temporaryStore } from '../testing/sample-store.ts';
import { saveFlavors } from '../testing/save-flavors.ts';
import type { MetadataStore } from './metadata-store.ts';
import type { Page } from './queries.ts';
import type { ComponentRecord } from './stack-data.ts';

let store: MetadataStore;
let remove: () => void;

beforeEach(async () => {
  ({ store, remove } = await temporaryStore());
  await saveFlavors(store, ['local', 'mlflow', 'console']);
});
afterEach(() => remove());

async function component(type: ComponentType, name: string, flavor = 'local'): Promise<ComponentRecord> {
  const config = { path: '/data', deep: { secret: { $secret: 'X' } } };
  const made = { id: newId(), type, name, flavor, config, labels: {}, createdAt: 1_000 };
  await store.createComponent(made);
  return made;
}

test('a component reads back as it was registered', async () => {
  const made = await component('artifact-store', 'files');
  expect(await store.component('artifact-store', 'files')).toEqual(made);
  expect(await store.component('orchestrator', 'files')).toBeUndefined();
});

test('a component name is taken once per type; the same one again is no second one', async () => {
  const made = await component('artifact-store', 'default');
  await component('orchestrator', 'default');
  await store.createComponent(made);
  await expect(component('artifact-store', 'default')).rejects.toMatchObject({
    code: 'NAME_TAKEN',
    facts: { kind: 'artifact-store', name: 'default' },
  });
  expect((await store.components({})).items).toHaveLength(2);
});

test('components are listed by type and name, filtered, in pages', async () => {
  for (const name of ['b', 'a', 'mlflow-eu']) await component('experiment-tracker', name, name === 'a' ? 'local' : 'mlflow');
  await component('alerter', 'z');
  const list = async (query: Parameters<typeof store.components>[0]) => (await store.components(query)).items.map((each) => each.name);
  expect(await list({})).toEqual(['z', 'a', 'b', 'mlflow-eu']);
  expect(await list({ type: 'experiment-tracker', flavor: 'mlflow' })).toEqual(['b', 'mlflow-eu']);
  expect(await list({ name: 'flow' })).toEqual(['mlflow-eu']);
  const first = await store.components({ limit: 2 });
  expect(await list({ limit: 2, after: first.next! })).toEqual(['b', 'mlflow-eu']);
  expect(await store.components({ limit: 2, after: first.next! })).not.toHaveProperty('next');
});

test('a stack keeps its components in the order given', async () => {
  const [o, a, w, m] = [
    await component('orchestrator', 'o'),
    await component('artifact-store', 'a'),
    await component('experiment-tracker', 'wandb'),
    await component('experiment-tracker', 'mlflow'),
  ];
  const stack = { id: newId(), name: 'team', createdAt: 5, labels: { team: 'ml' }, components: [w, o, m, a] };
  await store.createStack(stack);
  await store.createStack(stack);
  expect(await store.stack('team')).toEqual(stack);
  expect(await store.stack('none')).toBeUndefined();
});

test('stacks are listed by name, with their components, in pages', async () => {
  const o = await component('orchestrator', 'o');
  for (const name of ['gamma', 'alpha', 'beta'])
    await store.createStack({ id: newId(), name, createdAt: 1, components: name === 'beta' ? [] : [o] });
  const first = await store.stacks({ limit: 2 });
  expect(first.items.map(({ name, components }) => ({ name, components }))).toEqual([
    { name: 'alpha', components: [o] },
    { name: 'beta', components: [] },
  ]);
  expect((await store.stacks({ limit: 2, after: first.next! })).items.map((stack) => stack.name)).toEqual(['gamma']);
  expect((await store.stacks({ name: 'et' })).items.map((stack) => stack.name)).toEqual(['beta']);
});

test('components and stacks are sorted by name or by when they were made, either way, in pages', async () => {
  const made = [['b', 2], ['a', 2], ['c', 1]] as const; // prettier-ignore
  for (const [name, createdAt] of made) {
    const parts = { id: newId(), name, createdAt };
    await store.createComponent({ ...parts, type: name === 'a' ? 'alerter' : 'orchestrator', flavor: 'local', config: {} });
    await store.createStack({ ...parts, components: [] });
  }
  const paged = async (list: (page: { limit: number; after?: string }) => Promise<Page<{ name: string }>>): Promise<string> => {
    const first = await list({ limit: 2 });
    const second = await list({ limit: 2, after: first.next! });
    expect(second.next).toBeUndefined();
    return [...first.items, ...second.items].map(({ name }) => name).join('');
  };
  for (const [sort, order] of [
    ['name', 'abc'],
    ['-name', 'cba'],
    ['createdAt', 'cba'],
    ['-createdAt', 'abc'],
  ] as const) {
    // prettier-ignore
    expect([sort, await paged((page) => store.components({ ...page, sort }))]).toEqual([sort, order]);
    expect([sort, await paged((page) => store.stacks({ ...page, sort }))]).toEqual([sort, order]);
  }
  expect((await store.components({ sort: '-name', type: 'orchestrator', name: 'c' })).items.map(({ name }) => name)).toEqual(['c']);
  await expect(Promise.resolve().then(() => store.stacks({ sort: 'size' as 'name' }))).rejects.toMatchObject({ code: 'BAD_USAGE' });
});

test('a stack with an unknown component is not registered', async () => {
  await component('orchestrator', 'local');
  const stack = { id: newId(), name: 'team', createdAt: 1, components: [{ type: 'orchestrator' as const, name: 'lokal' }] };
  await expect(store.createStack(stack)).rejects.toMatchObject({ code: 'UNKNOWN_COMPONENT', advice: 'Did you mean "local"?' });
  expect(await store.stacks({})).toEqual({ items: [] });
});

test('a stack name is taken once', async () => {
  await store.createStack({ id: newId(), name: 'team', createdAt: 1, components: [] });
  await expect(store.createStack({ id: newId(), name: 'team', createdAt: 1, components: [] })).rejects.toMatchObject({
    code: 'NAME_TAKEN',
  });
});

test('a component in use is not deleted, and is once its stacks are gone', async () => {
  const o = await component('orchestrator', 'o');
  for (const name of ['b', 'a']) await store.createStack({ id: newId(), name, createdAt: 1, components: [o] });
  await expect(store.deleteComponent('orchestrator', 'o')).rejects.toMatchObject({
    code: 'COMPONENT_IN_USE',
    facts: { stacks: ['a', 'b'] },
  });
  await store.deleteStack('a');
  await store.deleteStack('b');
  await store.deleteComponent('orchestrator', 'o');
  expect(await store.components({})).toEqual({ items: [] });
});

test('deleting what is not there names what is', async () => {
  await component('orchestrator', 'local');
  await store.createStack({ id: newId(), name: 'laptop', createdAt: 1, components: [] });
  await expect(store.deleteComponent('orchestrator', 'locl')).rejects.toMatchObject({
    code: 'UNKNOWN_COMPONENT',
    advice: 'Did you mean "local"?',
  });
  await expect(store.deleteStack('laptob')).rejects.toMatchObject({ code: 'UNKNOWN_STACK', advice: 'Did you mean "laptop"?' });
});

test('descriptors of flavors are kept, replaced by a newer one, and listed by type', async () => {
  const flavor = (type: ComponentType, name: string, version: string): FlavorDescriptor => ({
    apiVersion: 1,
    type,
    name,
    source: '@mortise/flavor-local#x',
    version,
    config: [{ key: 'path', type: 'string', required: false, secret: false, default: './a' }],
    settings: [],
  });
  await store.saveFlavors([flavor('orchestrator', 'local', '1'), flavor('alerter', 'console', '1')]);
  await store.saveFlavors([flavor('orchestrator', 'local', '2')]);
  const kept = async (type?: ComponentType) => (await store.flavors(type)).filter(({ source }) => source === '@mortise/flavor-local#x');
  expect(await kept()).toEqual([flavor('alerter', 'console', '1'), flavor('orchestrator', 'local', '2')]);
  expect(await kept('alerter')).toEqual([flavor('alerter', 'console', '1')]);
  expect((await store.flavors('alerter')).every(({ type }) => type === 'alerter')).toBe(true);
});
