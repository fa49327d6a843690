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
