import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BadName,
  ComponentInUse,
  ConfigUnknownKey,
  ConfigWrongType,
  isMortiseError,
  NameTaken,
  StackIncomplete,
  StackInUse,
  StackTooMany,
  UnknownComponent,
  UnknownComponentType,
  UnknownFlavor,
  UnknownStack,
} from '../errors.ts';
import { initProject } from '../project/init-project.ts';
import { writeProjectConfig } from '../project/project-config.ts';
import type { Project } from '../project/project.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { openStore } from '../store/open-store.ts';
import { StackRegistry } from './stack-registry.ts';

let project: Project;
let store: MetadataStore;
let registry: StackRegistry;
const saved = { ...process.env };

beforeEach(async () => {
  for (const name of ['MORTISE_STORE_URL', 'MORTISE_ACTIVE_STACK']) delete process.env[name];
  ({ project } = await initProject(mkdtempSync(join(tmpdir(), 'mortise-registry-'))));
  store = await openStore(project.storeUrl);
  registry = new StackRegistry({ store, project });
});
afterEach(() => {
  process.env = { ...saved };
  store.close();
  rmSync(project.root, { recursive: true });
});

async function everything(): Promise<unknown> {
  const [components, stacks, flavors] = await Promise.all([registry.components(), registry.stacks(), registry.flavors()]);
  return { components, stacks, flavors, active: registry.activeStack() };
}

/** The one line of the error of an attempt that must leave everything as it was. */
async function refusal(attempt: () => Promise<unknown>, type: { code: string }): Promise<string> {
  const before = await everything();
  const error: unknown = await attempt().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isMortiseError(error)) throw new Error('not refused in plain words', { cause: error });
  expect(error.code).toBe(type.code);
  expect(await everything()).toEqual(before);
  return error.line;
}

const local = { type: 'orchestrator', name: 'four', flavor: 'local', config: {} };
const parts = { orchestrator: 'default', 'artifact-store': 'default' };

describe('registering a component', () => {
  test('stores its config as the flavor reads it, without defaults', async () => {
    const record = await registry.registerComponent({ ...local, config: { concurrency: '4' } }, { stringsFromCommandLine: true });
    expect(record).toMatchObject({ type: 'orchestrator', name: 'four', flavor: 'local', config: { concurrency: 4 } });
    expect(await registry.component('orchestrator', 'four')).toEqual(record);
    expect((await registry.registerComponent({ ...local, name: 'plain' })).config).toEqual({});
  });

  test('the same name may serve in another type', async () => {
    await registry.registerComponent(local);
    await registry.registerComponent({ type: 'alerter', name: 'four', flavor: 'console', config: {} });
    expect((await registry.components({ name: 'four' })).items).toHaveLength(2);
  });

  test('is refused for a name that is none', async () => {
    for (const name of ['', 'a b', '-x', '../x', 'x'.repeat(129)])
      await refusal(() => registry.registerComponent({ ...local, name }), BadName);
  });

  test('is refused for an unknown component type, with the nearest', async () => {
    const line = await refusal(() => registry.registerComponent({ ...local, type: 'orchestrater' }), UnknownComponentType);
    expect(line).toBe('UNKNOWN_COMPONENT_TYPE: no component type "orchestrater". Did you mean "orchestrator"?');
  });

  test('is refused for an unknown flavor, with the nearest or all of its type', async () => {
    expect(await refusal(() => registry.registerComponent({ ...local, flavor: 'locl' }), UnknownFlavor)).toContain('Did you mean "local"?');
    expect(await refusal(() => registry.registerComponent({ ...local, flavor: 'kubernetes' }), UnknownFlavor)).toContain('Known: local.');
    await refusal(() => registry.registerComponent({ ...local, flavor: 'console' }), UnknownFlavor);
  });

  test('is refused for an unknown config key, with the nearest', async () => {
    const line = await refusal(() => registry.registerComponent({ ...local, config: { concurency: 4 } }), ConfigUnknownKey);
    expect(line).toBe('CONFIG_UNKNOWN_KEY: orchestrator flavor "local" has no config key "concurency". Did you mean "concurrency"?');
    await refusal(() => registry.registerComponent({ type: 'alerter', name: 'x', flavor: 'console', config: { a: 1 } }), ConfigUnknownKey);
  });

  test('is refused for a value of the wrong type, with the reason', async () => {
    const register = () => registry.registerComponent({ ...local, config: { concurrency: 'many' } }, { stringsFromCommandLine: true });
    expect(await refusal(register, ConfigWrongType)).toBe(
      'CONFIG_WRONG_TYPE: config key "concurrency" of orchestrator flavor "local" is wrong: must be an integer number',
    );
    await refusal(() => registry.registerComponent({ ...local, config: { concurrency: 0 } }), ConfigWrongType);
  });

  test('keeps references in its config as they are', async () => {
    for (const path of ['{{env.NOWHERE}}', '/data/{{ secret.a.b }}/x']) {
      const name = `far${path.length}`;
      await registry.registerComponent({ type: 'artifact-store', name, flavor: 'local', config: { path } });
      expect((await registry.component('artifact-store', name)).config).toEqual({ path });
    }
  });

  test('is refused for a name that is taken in its type', async () => {
    const line = await refusal(() => registry.registerComponent({ ...local, name: 'default' }), NameTaken);
    expect(line).toBe('NAME_TAKEN: an orchestrator named "default" exists already. Choose another name, or delete the old one first.');
  });
});

describe('deleting a component', () => {
  test('removes one that no stack uses', async () => {
    await registry.registerComponent(local);
    await registry.deleteComponent('orchestrator', 'four');
    await expect(registry.component('orchestrator', 'four')).rejects.toThrow(UnknownComponent);
  });

  test('is refused while a stack uses it, and names the stack', async () => {
    const line = await refusal(() => registry.deleteComponent('artifact-store', 'default'), ComponentInUse);
    expect(line).toContain('the artifact store "default" is used by stack "default"');
  });

  test('is refused for one that is not there, with the nearest', async () => {
    expect(await refusal(() => registry.deleteComponent('orchestrator', 'defalt'), UnknownComponent)).toContain('Did you mean "default"?');
    await refusal(() => registry.deleteComponent('orchestra', 'default'), UnknownComponentType);
  });
});

describe('registering a stack', () => {
  test('keeps its components in the order given; the first of several is the default', async () => {
    for (const name of ['b', 'a']) await registry.registerComponent({ type: 'experiment-tracker', name, flavor: 'local', config: {} });
    await registry.registerStack('team', { 'experiment-tracker': ['b', 'a', 'default', 'b'], ...parts });
    const { components } = await registry.stack('team');
    expect(components.map(({ type, name }) => `${type} ${name}`)).toEqual([
      'orchestrator default',
      'artifact-store default',
      'experiment-tracker b',
      'experiment-tracker a',
      'experiment-tracker default',
    ]);
  });

  test('is refused without an artifact store or an orchestrator', async () => {
    const line = await refusal(() => registry.registerStack('team', { orchestrator: 'default' }), StackIncomplete);
    expect(line).toContain('stack "team" has no artifact store');
    await refusal(() => registry.registerStack('team', { 'artifact-store': 'default', orchestrator: [] }), StackIncomplete);
  });

  test('is refused with two of a type that a stack has one of', async () => {
    await registry.registerComponent(local);
    await refusal(() => registry.registerStack('team', { ...parts, orchestrator: ['default', 'four'] }), StackTooMany);
  });

  test('is refused for an unknown component, with the nearest or how to make it', async () => {
    const line = await refusal(() => registry.registerStack('team', { ...parts, 'experiment-tracker': ['defaul'] }), UnknownComponent);
    expect(line).toBe('UNKNOWN_COMPONENT: no experiment tracker named "defaul". Did you mean "default"?');
    expect(await refusal(() => registry.registerStack('team', { ...parts, alerter: 'bell' }), UnknownComponent)).toContain(
      'Register it with "mortise alerter register bell --flavor=..."',
    );
  });

  test('is refused for a name that is taken or is none, and for an unknown type of component', async () => {
    expect(await refusal(() => registry.registerStack('default', parts), NameTaken)).toContain('a stack named "default" exists already');
    await refusal(() => registry.registerStack('a/b', parts), BadName);
    await refusal(() => registry.registerStack('team', { ...parts, tracker: 'default' } as never), UnknownComponentType);
  });
});

describe('the active stack', () => {
  test('is the one that was set', async () => {
    await registry.registerStack('team', parts);
    await registry.setActiveStack('team');
    expect(registry.activeStack()).toBe('team');
  });

  test('cannot be one that is not there', async () => {
    expect(await refusal(() => registry.setActiveStack('defaul'), UnknownStack)).toBe(
      'UNKNOWN_STACK: no stack named "defaul". Did you mean "default"?',
    );
  });

  test('that is not there any more is told with the file that names it', async () => {
    writeProjectConfig(project, { activeStack: 'gone' });
    expect(await refusal(() => registry.stack(registry.activeStack()), UnknownStack)).toMatch(
      /^UNKNOWN_STACK: no stack named "gone"\. The project's \.mortise\/config\.json names it as the active one: /,
    );
  });

  test('is not deleted, neither that of the project nor that of the environment', async () => {
    await registry.registerStack('team', parts);
    process.env['MORTISE_ACTIVE_STACK'] = 'team';
    await refusal(() => registry.deleteStack('team'), StackInUse);
    expect(await refusal(() => registry.deleteStack('default'), StackInUse)).toContain(
      'Activate another one first with "mortise stack set NAME".',
    );
    delete process.env['MORTISE_ACTIVE_STACK'];
    await registry.deleteStack('team');
    await refusal(() => registry.stack('team'), UnknownStack);
    await refusal(() => registry.deleteStack('team'), UnknownStack);
  });

  test('is default where the project names none, and not deleted then either', async () => {
    writeProjectConfig(project, {});
    await refusal(() => registry.deleteStack('default'), StackInUse);
  });
});

describe('flavors', () => {
  test('are listed and described from what the store keeps', async () => {
    expect((await registry.flavors('orchestrator')).map(({ name }) => name)).toEqual(['local']);
    expect(await registry.flavor('orchestrator', 'local')).toMatchObject({
      apiVersion: 1,
      source: '@mortise/flavor-local#flavors',
      config: [
        { key: 'concurrency', type: 'integer', required: false, secret: false },
        { key: 'isolation', type: 'inline | process' },
        { key: 'pool', type: 'integer' },
        { key: 'memoryMb', type: 'integer' },
      ],
      settings: [],
    });
    expect(await refusal(() => registry.flavor('orchestrator', 'locl'), UnknownFlavor)).toContain('Did you mean "local"?');
    await refusal(() => registry.flavors('orchestrators'), UnknownComponentType);
  });

  test('of another version are described anew before they are used', async () => {
    const old = await registry.flavor('orchestrator', 'local');
    const all = await registry.flavors();
    await store.saveFlavors(all.map((flavor) => ({ ...flavor, version: '0.0.1', config: [] })));
    await registry.registerComponent({ ...local, config: { concurrency: 2 } });
    expect(await registry.flavor('orchestrator', 'local')).toEqual(old);
  });
});
