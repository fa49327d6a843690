import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FlavorDescriptor } from '../stack/flavor.ts';
import type { MetadataStore } from './metadata-store.ts';
import { openStore } from './open-store.ts';

let folder: string;
let store: MetadataStore;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mortise-flavors-'));
  store = await openStore(`sqlite:${join(folder, 'store.db')}`, { create: true });
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

const described = (name: string, more: Partial<FlavorDescriptor> = {}): FlavorDescriptor => ({
  ...{ apiVersion: 1, type: 'alerter', name, source: './bell.js#default', version: '1.0.0', config: [], settings: [] },
  ...more,
});

test('a flavor is added only where no other has its name, and written anew only where it still is, from the same source', async () => {
  await store.addFlavor(described('bell'));
  await expect(store.addFlavor(described('bell', { source: './two.js#default' }))).rejects.toMatchObject({ code: 'FLAVOR_NAME_TAKEN' });
  expect(await store.updateFlavor(described('bell', { version: '2.0.0' }))).toBe(true);
  expect(await store.updateFlavor(described('bell', { source: './two.js#default' }))).toBe(false);
  expect(await store.flavors()).toMatchObject([{ source: './bell.js#default', version: '2.0.0' }]);
  await store.deleteFlavor('alerter', 'bell');
  expect([await store.updateFlavor(described('bell')), await store.flavors()]).toEqual([false, []]);
});

test('a component is of a flavor that is registered when it is stored', async () => {
  const component = { id: 'a'.repeat(32), type: 'alerter' as const, name: 'door', flavor: 'bell', config: {}, createdAt: 1 };
  await expect(store.createComponent(component)).rejects.toMatchObject({ code: 'UNKNOWN_FLAVOR' });
  expect(await store.component('alerter', 'door')).toBeUndefined();
});

describe('what is wrong with a flavor', () => {
  const problem = { reason: 'no licence', at: 1_700_000_000_000 };
  beforeEach(() => store.saveFlavors([described('bell'), described('bell', { type: 'orchestrator' }), described('gong')]));

  test('is kept with it alone, until it works', async () => {
    await store.noteFlavorProblem('alerter', 'bell', problem);
    expect(await store.flavors()).toEqual([
      { ...described('bell'), problem },
      described('gong'),
      described('bell', { type: 'orchestrator' }),
    ]);
    await store.noteFlavorProblem('alerter', 'bell', undefined);
    expect(await store.flavors('alerter')).toEqual([described('bell'), described('gong')]);
  });

  test('is forgotten when the flavor is saved anew, and noted of none that there is not', async () => {
    await store.noteFlavorProblem('alerter', 'bell', problem);
    await store.noteFlavorProblem('alerter', 'horn', problem);
    await store.saveFlavors([described('bell', { version: '1.0.1' })]);
    expect(await store.flavors('alerter')).toEqual([described('bell', { version: '1.0.1' }), described('gong')]);
  });
});

describe('deleting a flavor', () => {
  beforeEach(() => store.saveFlavors([described('bell'), described('bell', { type: 'orchestrator' })]));
  const bell = { flavor: 'bell', config: {}, createdAt: 1 };

  test('takes that one of that type', async () => {
    await store.createComponent({ ...bell, id: 'a'.repeat(32), type: 'orchestrator', name: 'other' });
    await store.deleteFlavor('alerter', 'bell');
    expect(await store.flavors()).toEqual([described('bell', { type: 'orchestrator' })]);
  });

  test('is refused while components are of it, which are named', async () => {
    for (const [index, name] of ['f', 'e', 'd', 'c', 'b', 'a'].entries())
      await store.createComponent({ ...bell, id: String(index).repeat(32), type: 'alerter', name });
    await expect(store.deleteFlavor('alerter', 'bell')).rejects.toMatchObject({
      code: 'FLAVOR_IN_USE',
      message: 'the alerter flavor "bell" is that of 6 components: "a", "b", "c", "d", "e", ...',
    });
    expect(await store.flavors('alerter')).toHaveLength(1);
  });

  test('is refused for one that there is not, with the nearest', async () => {
    await expect(store.deleteFlavor('alerter', 'bel')).rejects.toMatchObject({ code: 'UNKNOWN_FLAVOR', advice: 'Did you mean "bell"?' });
  });
});
