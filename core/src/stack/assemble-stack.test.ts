import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigUnknownKey, FlavorBroken, StackIncomplete, TrackerNotInStack, UnknownStack } from '../errors.ts';
import { newId } from '../id.ts';
import { initProject } from '../project/init-project.ts';
import type { Project } from '../project/project.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { openStore } from '../store/open-store.ts';
import { assembleStack, trackersForStep } from './assemble-stack.ts';
import type { ComponentType } from './component-types.ts';
import { StackRegistry } from './stack-registry.ts';

let project: Project;
let store: MetadataStore;
let registry: StackRegistry;
let warnings: string[];
const log = { debug: () => undefined, info: () => undefined, warn: (message: string) => void warnings.push(message) };

beforeEach(async () => {
  warnings = [];
  ({ project } = await initProject(mkdtempSync(join(tmpdir(), 'mortise-assemble-'))));
  store = await openStore(project.storeUrl);
  registry = new StackRegistry({ store, project });
});
afterEach(() => {
  store.close();
  rmSync(project.root, { recursive: true });
});

/** A stack whose component of one type has a record that no registration would have let pass. */
async function stackWith(type: ComponentType, record: { flavor?: string; config?: Record<string, number> }): Promise<void> {
  await store.createComponent({ id: newId(), type, name: 'odd', flavor: 'local', config: {}, createdAt: 0, ...record });
  await registry.registerStack('odd', { orchestrator: 'default', 'artifact-store': 'default', [type]: 'odd' });
}

describe('assembleStack', () => {
  test('makes every component of the stack, and a snapshot of what they were made from', async () => {
    await registry.registerComponent({ type: 'orchestrator', name: 'two', flavor: 'local', config: { concurrency: 2 } });
    await registry.registerComponent({ type: 'alerter', name: 'screen', flavor: 'console', config: {} });
    await registry.registerStack('all', {
      orchestrator: 'two',
      'artifact-store': 'default',
      'experiment-tracker': 'default',
      alerter: 'screen',
    });
    await using stack = await assembleStack('all', { store, project, log });
    expect(typeof stack.orchestrator.execute).toBe('function');
    expect(typeof stack.artifactStore.put).toBe('function');
    expect(stack.artifactStoreName).toBe('default');
    expect(stack.trackers.map(({ name, flavor }) => ({ name, flavor }))).toEqual([{ name: 'default', flavor: 'local' }]);
    expect(stack.alerters.map(({ name }) => name)).toEqual(['screen']);
    const from = { source: '@mortise/flavor-local#flavors', version: expect.stringMatching(/^\d+\.\d+\.\d+/) as unknown };
    expect(stack.snapshot).toEqual({
      name: 'all',
      components: [
        { type: 'orchestrator', name: 'two', flavor: 'local', config: { concurrency: 2 }, ...from },
        { type: 'artifact-store', name: 'default', flavor: 'local', config: {}, ...from },
        { type: 'experiment-tracker', name: 'default', flavor: 'local', config: {}, ...from },
        { type: 'alerter', name: 'screen', flavor: 'console', config: {}, ...from },
      ],
    });
  });

  test('gives the orchestrator its config', async () => {
    await registry.registerComponent({ type: 'orchestrator', name: 'two', flavor: 'local', config: { concurrency: 2 } });
    await registry.registerStack('two', { orchestrator: 'two', 'artifact-store': 'default' });
    await using stack = await assembleStack('two', { store, project, log });
    let running = 0;
    let most = 0;
    const steps = Array.from({ length: 6 }, (_, n) => ({
      id: `s${n}`,
      name: 's',
      module: 'm',
      inputs: {},
      outputs: {},
      after: [],
      when: [],
      options: {},
    }));
    await stack.orchestrator.execute({ steps } as never, {
      runStep: async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running--;
        return 'completed';
      },
      mapLength: async () => undefined,
      settings: async () => ({}),
      executionMode: 'stop-on-failure',
      concurrency: undefined,
      signal: new AbortController().signal,
      abortRunning: () => undefined,
    });
    expect(most).toBe(2);
  });

  test('imports no config class for the default stack, so that a run starts fast', async () => {
    jest.resetModules();
    const place = globalThis as { classValidatorMetadataStorage?: unknown };
    delete place.classValidatorMetadataStorage;
    const fresh = await import('./assemble-stack.ts');
    await using stack = await fresh.assembleStack('default', { store, project, log });
    expect(stack.snapshot.name).toBe('default');
    expect(place.classValidatorMetadataStorage).toBeUndefined();
  });

  test('refuses a stack that is not there, with the nearest', async () => {
    const assembly = assembleStack('defaul', { store, project, log });
    await expect(assembly).rejects.toThrow(UnknownStack);
    await expect(assembly).rejects.toMatchObject({ advice: 'Did you mean "default"?' });
  });

  test('checks the config again: a flavor may have changed since it was registered', async () => {
    await stackWith('orchestrator', { config: { threads: 4 } });
    await expect(assembleStack('odd', { store, project, log })).rejects.toThrow(ConfigUnknownKey);
  });

  test('says which flavor cannot be loaded, and why', async () => {
    const [known] = await store.flavors('alerter');
    await store.saveFlavors([{ ...known!, name: 'bell', source: 'elsewhere#bell' }]);
    await stackWith('alerter', { flavor: 'bell' });
    const assembly = assembleStack('odd', { store, project, log });
    await expect(assembly).rejects.toThrow(FlavorBroken);
    await expect(assembly).rejects.toThrow('the alerter flavor "bell" cannot be loaded: there is no module "elsewhere"');
    expect(await store.stack('default')).toBeDefined();
  });

  test('refuses a stack that lacks what every stack needs', async () => {
    await store.createStack({ id: newId(), name: 'empty', createdAt: 0, components: [{ type: 'orchestrator', name: 'default' }] });
    await expect(assembleStack('empty', { store, project, log })).rejects.toThrow(StackIncomplete);
  });

  test('lets go of its components at the end, and only reports one that fails to', async () => {
    const stack = await assembleStack('default', { store, project, log });
    const ended: string[] = [];
    stack.artifactStore[Symbol.asyncDispose] = async () => void ended.push('artifact store');
    stack.trackers[0]!.tracker[Symbol.asyncDispose] = () => Promise.reject(new Error('no route'));
    await stack[Symbol.asyncDispose]();
    expect(ended).toEqual(['artifact store']);
    expect(warnings).toEqual(['the experiment tracker "default" did not end cleanly: Error: no route']);
  });
});

describe('trackersForStep', () => {
  const stack = {
    snapshot: { name: 'team', components: [] },
    trackers: ['first', 'second'].map((name) => ({ name, flavor: 'local', tracker: undefined as never })),
  };

  test('gives none for an untracked step, the first for true, and those named', () => {
    expect(trackersForStep(stack, undefined, 'train')).toEqual([]);
    expect(trackersForStep(stack, true, 'train')).toEqual(['first']);
    expect(trackersForStep(stack, ['second'], 'train')).toEqual(['second']);
    expect(trackersForStep(stack, ['second', 'first', 'second'], 'train')).toEqual(['second', 'first']);
  });

  test('refuses a tracker that the stack does not have', () => {
    expect(() => trackersForStep(stack, ['first', 'third'], 'train')).toThrow(TrackerNotInStack);
    expect(() => trackersForStep(stack, ['third'], 'train')).toThrow(
      'step "train" names the experiment tracker "third", which stack "team" does not have',
    );
    expect(() => trackersForStep({ ...stack, trackers: [] }, true, 'train')).toThrow(
      'step "train" is tracked, but stack "team" has no experiment tracker',
    );
  });
});
