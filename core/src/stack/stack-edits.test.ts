import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AttributeRequired,
  BadLabel,
  BadName,
  ComponentNotInStack,
  ConfigUnknownKey,
  ConfigWrongType,
  isMortiseError,
  NameTaken,
  StackIncomplete,
  StackNeedsComponent,
  StackTooMany,
  UnknownAttribute,
  UnknownComponent,
  UnknownComponentType,
  UnknownLabel,
  UnknownStack,
} from '../errors.ts';
import { newId } from '../id.ts';
import { initProject } from '../project/init-project.ts';
import { readProjectConfig } from '../project/project-config.ts';
import type { Project } from '../project/project.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { StackRecord } from '../store/stack-data.ts';
import { openStore } from '../store/open-store.ts';
import { StackRegistry } from './stack-registry.ts';

let project: Project;
let store: MetadataStore;
let registry: StackRegistry;
const saved = { ...process.env };

beforeEach(async () => {
  for (const name of ['MORTISE_STORE_URL', 'MORTISE_ACTIVE_STACK']) delete process.env[name];
  ({ project } = await initProject(mkdtempSync(join(tmpdir(), 'mortise-edits-'))));
  store = await openStore(project.storeUrl);
  registry = new StackRegistry({ store, project });
});
afterEach(() => {
  process.env = { ...saved };
  store.close();
  rmSync(project.root, { recursive: true });
});

async function everything(): Promise<unknown> {
  return { components: await registry.components(), stacks: await registry.stacks(), config: readProjectConfig(project) };
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

const partsOf = ({ components }: StackRecord) => components.map(({ type, name }) => `${type} ${name}`);
const tracker = (name: string) => registry.registerComponent({ type: 'experiment-tracker', name, flavor: 'local', config: {} });
const orchestrator = (name: string, config = {}) => registry.registerComponent({ type: 'orchestrator', name, flavor: 'local', config });

/** A component of a flavor that needs a key: written as if it had been registered. */
async function needy(): Promise<void> {
  const key = { type: 'string', required: false, secret: false };
  const config = [
    { ...key, key: 'url', required: true },
    { ...key, key: 'project' },
  ];
  const of = { type: 'experiment-tracker' as const, name: 'needy' };
  await store.saveFlavors([{ ...of, apiVersion: 1, source: './gone.js#default', version: '-', config, settings: [] }]);
  await store.createComponent({ ...of, id: newId(), flavor: 'needy', config: { url: 'http://x' }, createdAt: 1 });
}

describe('updating a component', () => {
  test('merges its config key by key, as texts of a command line where they are', async () => {
    await orchestrator('four', { concurrency: 4 });
    const update = (config: Record<string, string>) =>
      registry.updateComponent('orchestrator', 'four', { config }, { stringsFromCommandLine: true });
    expect(await update({ concurrency: '8' })).toMatchObject({ config: { concurrency: 8 }, updatedAt: expect.any(Number) });
    expect((await update({})).config).toEqual({ concurrency: 8 });
  });

  test('stores nothing unless the whole config is right', async () => {
    await orchestrator('four', { concurrency: 4 });
    const update = (config: Record<string, string>) => () =>
      registry.updateComponent('orchestrator', 'four', { config, labels: { team: 'ml' } }, { stringsFromCommandLine: true });
    expect(await refusal(update({ concurency: '8' }), ConfigUnknownKey)).toMatch('Did you mean "concurrency"?');
    await refusal(update({ concurrency: 'many' }), ConfigWrongType);
  });

  test('changes its labels one by one', async () => {
    await registry.registerComponent({ type: 'alerter', name: 'bell', flavor: 'console', config: {}, labels: { team: 'ml', tier: '1' } });
    const edit = { labels: { team: 'data', region: 'eu' }, removeLabels: ['tier'] };
    expect((await registry.updateComponent('alerter', 'bell', edit)).labels).toEqual({ team: 'data', region: 'eu' });
    expect((await registry.components({ labels: { region: 'eu' } })).items.map(({ name }) => name)).toEqual(['bell']);
  });

  test('is refused for labels that are none, or are not there', async () => {
    const update = (edit: object) => () => registry.updateComponent('orchestrator', 'default', edit);
    for (const labels of [{ '': 'x' }, { 'a b': 'x' }, { '"': 'x' }, { a: 'x\ny' }, { a: 'x'.repeat(257) }])
      await refusal(update({ labels }), BadLabel);
    expect(await refusal(update({ removeLabels: ['team'] }), UnknownLabel)).toBe(
      'UNKNOWN_LABEL: orchestrator "default" has no label "team". It has none.',
    );
    await refusal(() => registry.components({ labels: { 'a"b': '' } }), BadLabel);
  });

  test('is refused for one that is not registered', async () => {
    await refusal(() => registry.updateComponent('orchestrator', 'defautl', {}), UnknownComponent);
    await refusal(() => registry.updateComponent('orchestra', 'default', {}), UnknownComponentType);
  });

  test('loses nothing that others change at the same time', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `label${index}`);
    await Promise.all(names.map((name) => registry.updateComponent('orchestrator', 'default', { labels: { [name]: 'x' } })));
    expect(Object.keys((await registry.component('orchestrator', 'default')).labels).sort()).toEqual(names.sort());
  });
});

describe('removing attributes of a component', () => {
  test('leaves the others', async () => {
    await orchestrator('four', { concurrency: 4 });
    expect((await registry.removeComponentAttributes('orchestrator', 'four', ['concurrency'])).config).toEqual({});
  });

  test('is refused for a key that its flavor needs, and for one that is not there', async () => {
    await needy();
    const remove = (key: string) => () => registry.removeComponentAttributes('experiment-tracker', 'needy', [key]);
    expect(await refusal(remove('url'), AttributeRequired)).toBe(
      'ATTRIBUTE_REQUIRED: "url" cannot be removed from the experiment tracker "needy": the experiment tracker flavor "needy" needs it. Change it with "mortise experiment-tracker update needy --url=...".',
    );
    expect(await refusal(remove('urll'), UnknownAttribute)).toMatch('has no "urll" to remove. Did you mean "url"?');
    await refusal(remove('project'), UnknownAttribute);
  });
});

describe('copying and renaming a component', () => {
  test('a copy has the flavor, config and labels, and a life of its own', async () => {
    await registry.registerComponent({
      type: 'orchestrator',
      name: 'four',
      flavor: 'local',
      config: { concurrency: 4 },
      labels: { a: 'b' },
    });
    const copy = await registry.copyComponent('orchestrator', 'four', 'five');
    expect(copy).toMatchObject({ name: 'five', flavor: 'local', config: { concurrency: 4 }, labels: { a: 'b' } });
    expect(await registry.component('orchestrator', 'five')).toEqual(copy);
    await registry.updateComponent('orchestrator', 'five', { config: { concurrency: 5 } });
    expect((await registry.component('orchestrator', 'four')).config).toEqual({ concurrency: 4 });
  });

  test('one whose flavor is broken can still be copied and renamed', async () => {
    await needy();
    await registry.copyComponent('experiment-tracker', 'needy', 'second');
    expect((await registry.renameComponent('experiment-tracker', 'second', 'third')).config).toEqual({ url: 'http://x' });
  });

  test('stacks keep a component that takes another name', async () => {
    await registry.renameComponent('experiment-tracker', 'default', 'files');
    expect(partsOf(await registry.stack('default'))).toEqual([
      'orchestrator default',
      'artifact-store default',
      'experiment-tracker files',
    ]);
  });

  test('are refused for a name that is taken or none', async () => {
    await orchestrator('four');
    for (const attempt of ['copyComponent', 'renameComponent'] as const) {
      for (const name of ['default', 'four']) await refusal(() => registry[attempt]('orchestrator', 'four', name), NameTaken);
      await refusal(() => registry[attempt]('orchestrator', 'four', 'a b'), BadName);
      await refusal(() => registry[attempt]('orchestrator', 'five', 'six'), UnknownComponent);
    }
  });
});

describe('updating a stack', () => {
  test('gives each type that is named these components, in their order, and leaves the others', async () => {
    for (const name of ['b', 'a']) await tracker(name);
    await orchestrator('four');
    await registry.updateStack('default', { parts: { 'experiment-tracker': ['b', 'default', 'a'] } });
    const stack = await registry.updateStack('default', { parts: { orchestrator: 'four' }, labels: { team: 'ml' } });
    const trackers = ['experiment-tracker b', 'experiment-tracker default', 'experiment-tracker a'];
    expect(partsOf(stack)).toEqual(['orchestrator four', 'artifact-store default', ...trackers]);
    expect(stack.labels).toEqual({ team: 'ml' });
    expect(partsOf(await registry.updateStack('default', { removeLabels: ['team'] }))).toEqual(partsOf(stack));
    expect(partsOf(await registry.updateStack('default', { parts: { 'experiment-tracker': [] } }))).toHaveLength(2);
  });

  test('is refused for what cannot be its components', async () => {
    await orchestrator('four');
    const update = (parts: object) => () => registry.updateStack('default', { parts, labels: { team: 'ml' } });
    await refusal(update({ orchestrator: ['four', 'default'] }), StackTooMany);
    await refusal(update({ orchestrator: [] }), StackIncomplete);
    await refusal(update({ 'experiment-tracker': ['none'] }), UnknownComponent);
    await refusal(update({ tracker: ['default'] }), UnknownComponentType);
    await refusal(() => registry.updateStack('defautl', {}), UnknownStack);
  });

  test('removes components, but not the last of a type that every stack needs', async () => {
    await tracker('b');
    await registry.updateStack('default', { parts: { 'experiment-tracker': ['default', 'b'] } });
    const remove = (parts: object) => registry.removeFromStack('default', parts);
    expect(partsOf(await remove({ 'experiment-tracker': 'default' }))).toEqual([
      'orchestrator default',
      'artifact-store default',
      'experiment-tracker b',
    ]);
    expect(await refusal(() => remove({ orchestrator: 'default' }), StackNeedsComponent)).toBe(
      'STACK_NEEDS_COMPONENT: stack "default" cannot do without the orchestrator "default": every stack needs one. Give it another one with "mortise stack update default -o NAME".',
    );
    expect(await refusal(() => remove({ 'experiment-tracker': ['b', 'c'] }), ComponentNotInStack)).toMatch('has no experiment tracker "c"');
    await refusal(() => remove({ alerter: 'bell' }), ComponentNotInStack);
  });

  test('loses nothing that others change at the same time', async () => {
    await orchestrator('four');
    await registry.registerComponent({ type: 'alerter', name: 'bell', flavor: 'console', config: {} });
    const edits = [{ orchestrator: 'four' }, { alerter: 'bell' }, { 'experiment-tracker': [] }];
    await Promise.all(edits.map((parts) => registry.updateStack('default', { parts })));
    expect(partsOf(await registry.stack('default'))).toEqual(['orchestrator four', 'artifact-store default', 'alerter bell']);
  });
});

describe('copying and renaming a stack', () => {
  test('a copy has the components and labels', async () => {
    await registry.updateStack('default', { labels: { team: 'ml' } });
    const copy = await registry.copyStack('default', 'second');
    expect([partsOf(copy), copy.labels]).toEqual([partsOf(await registry.stack('default')), { team: 'ml' }]);
    await registry.removeFromStack('second', { 'experiment-tracker': 'default' });
    expect(partsOf(await registry.stack('default'))).toHaveLength(3);
  });

  test('the active stack stays active under its new name', async () => {
    await registry.renameStack('default', 'laptop');
    expect(registry.activeStack()).toBe('laptop');
    await registry.copyStack('laptop', 'other');
    await registry.renameStack('other', 'another');
    expect(registry.activeStack()).toBe('laptop');
  });

  test('a rename that cannot be written down does not happen', async () => {
    const [path, before] = [join(project.folder, 'config.json'), await registry.stacks()];
    writeFileSync(path, '{');
    await expect(registry.renameStack('default', 'laptop')).rejects.toMatchObject({ code: 'BAD_PROJECT_CONFIG' });
    rmSync(path);
    expect((await registry.stacks()).items.map(({ name }) => name)).toEqual(before.items.map(({ name }) => name));
  });

  test('are refused for a name that is taken or none', async () => {
    await registry.copyStack('default', 'second');
    for (const attempt of ['copyStack', 'renameStack'] as const) {
      for (const name of ['default', 'second']) await refusal(() => registry[attempt]('second', name), NameTaken);
      await refusal(() => registry[attempt]('second', '../x'), BadName);
      await refusal(() => registry[attempt]('third', 'fourth'), UnknownStack);
    }
  });
});
